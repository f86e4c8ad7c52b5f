"""Counts of errors by class add up, change places with the images, and are among the default metrics."""

from __future__ import annotations

import pytest
from hypothesis import given

import harness
from harness.metrics import METRICS, overlap_table
from harness.metrics.errors import METRICS as ERRORS
from harness.metrics.errors import PRED_CLASSES, TRUTH_CLASSES, count_name, error_counts, slug
from harness.metrics.matching import object_counts
from harness.metrics.pair import Pair
from harness.scoring import measure
from tests.metrics.images import Pair as Images
from tests.metrics.images import hostile_pairs, pairs
from tests.metrics.test_classes import EXCHANGED

IDS = ("correct", "missed", "spurious", "split", "merged", "split-merged", "poor-boundary")


def test_ids() -> None:
    assert [metric.id for metric in ERRORS] == [f"errors.{name}" for name in IDS]
    assert {metric.id for metric in ERRORS} <= {metric.id for metric in METRICS}
    assert tuple(slug(name) for name in TRUTH_CLASSES) == ("correct", "missed", *IDS[3:])
    assert slug("poor boundary") == "poor-boundary"


@given(pairs())
def test_classes_add_up_to_objects_and_the_correct_are_the_matches(images: Images) -> None:
    table = overlap_table(*images)
    counts, objects = error_counts(table), object_counts(table)
    for side, names in (("truth", TRUTH_CLASSES), ("pred", PRED_CLASSES)):
        assert sum(counts[count_name(side, name)] for name in names) == objects[f"objects.{side}"]  # type: ignore[misc]
        assert counts[count_name(side, "correct")] == objects["match.50"]


@given(pairs())
def test_counts_change_places_with_the_images(images: Images) -> None:
    one, other = error_counts(overlap_table(*images)), error_counts(overlap_table(*images[::-1]))
    for name in TRUTH_CLASSES:
        assert one[count_name("truth", name)] == other[count_name("pred", EXCHANGED.get(name, name))]


@pytest.mark.parametrize("name", hostile_pairs())
def test_truth_classes_add_up_to_the_count_of_truth_objects(name: str) -> None:
    truth, pred = hostile_pairs()[name]
    found = harness.score(pred, truth)
    classes = [f"errors.{slug(one)}" for one in TRUTH_CLASSES]
    assert sum(found[one] for one in classes) == found["count.truth"]
    assert found["errors.spurious"] <= found["count.pred"] - found["errors.correct"]


def test_records_keep_the_classes_whatever_metrics_are_asked_for() -> None:
    counts = measure(Pair([1, 2, 2], [1, 1, 0]), ()).counts
    assert {count_name("truth", name) for name in TRUTH_CLASSES} <= set(counts)
    assert {count_name("pred", name) for name in PRED_CLASSES} <= set(counts)
