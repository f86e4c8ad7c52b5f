"""Every metric is documented, and its edge cases hold."""

from __future__ import annotations

import csv
import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given

from harness.errors import LabelError, RegistryError
from harness.families import Family
from harness.metrics import FAMILIES, Metric, Pair, overlap_table
from harness.metrics import METRICS as EVERY
from harness.metrics.cases import CASES, case_pair
from harness.metrics.metric import NAN_RULES
from tests.metrics.images import Pair as ImagePair
from tests.metrics.images import hostile_pairs, pairs

FOUR_DECIMALS = 5e-5
EVERY_METRIC = ("both empty", "truth empty, 2 predicted", "truth of 2, prediction empty", "identical")
METRICS = tuple(metric for metric in EVERY if metric.needs != "surfaces")
"""Those of surfaces are tested beside their evidence."""
CONTRACT = (
    *(
        f"{name}.{convention}"
        for convention in ("canonical", "gonuclear", "stardist", "cellpose", "elf")
        for name in ("map", *(f"ap{percent}" for percent in range(50, 100, 5)))
    ),
    *("arand.cremi", "arand.skimage", "arand.skimage-all", "arand.elf", "sbd.cvppp", "sbd.spoco", "sbd.mask"),
    *("voi.split", "voi.merge", "voi.sum", "pq", "sq", "rq", "count.truth", "count.pred", "count.error"),
    *("f1.50", "precision.50", "recall.50"),
)
SHORT_IDS = {
    **{name: f"{name}.canonical" for name in ("pq", "sq", "rq", "f1.50", "precision.50", "recall.50")},
    **{name: f"{name}.all" for name in ("voi.split", "voi.merge", "voi.sum")},
}
"""Ids that do not carry their convention, and their siblings that do."""
ADDABLE = tuple(metric for metric in METRICS if metric.is_addable)
DECLARED = {row["id"]: row for row in csv.DictReader(Path(__file__).with_name("declared.csv").open(encoding="utf-8"))}
"""What records, tables and suites rely on: none of it changes unless that is meant, and said here."""
NO_TARGET = ("seam.contrast",)
"""Metrics whose truth says where to look, not what to find."""
NO_BACKGROUND = ("arand.cremi-challenge", "arand.cremi-challenge-25nm")
"""Metrics that are made for volumes without background, and never perfect where there is some."""


def full_pair(truth: np.ndarray, pred: np.ndarray) -> Pair:
    """A pair with all that a metric may ask for: the size of a voxel, and a confidence of every object."""
    confidences = {int(label): float(label % 7) for label in np.unique(pred) if label}
    return Pair(truth, pred, spacing_um=(1.0,) * truth.ndim, confidences=confidences)


@pytest.fixture(params=ADDABLE, ids=lambda metric: metric.id)
def addable(request: pytest.FixtureRequest) -> Metric:
    return request.param


@pytest.fixture(params=METRICS, ids=lambda metric: metric.id)
def metric(request: pytest.FixtureRequest) -> Metric:
    return request.param


def test_edge_cases_hold(metric: Metric) -> None:
    for case, value in metric.edge_cases:
        measured = metric.of(case_pair(case))
        assert measured == pytest.approx(value, abs=FOUR_DECIMALS, nan_ok=True), case


def test_edge_cases_cover_empty_and_identical_images(metric: Metric) -> None:
    assert set(EVERY_METRIC) <= {case for case, _ in metric.edge_cases}


def test_edge_cases_are_within_the_range(metric: Metric) -> None:
    low, high = metric.range
    assert all(np.isnan(value) or low <= value <= high for _, value in metric.edge_cases)


def test_everything_is_documented(metric: Metric) -> None:
    assert all((metric.title, metric.definition, metric.source, metric.unit))
    assert metric.direction in ("higher", "lower", "none")
    assert "doi:" in metric.source or "arXiv:" in metric.source or metric.unit == "count" or "elf" in metric.id


def test_what_is_declared_always_defined_is(metric: Metric) -> None:
    values = [value for _, value in metric.edge_cases]
    values += [metric.of(full_pair(*images)) for images in hostile_pairs().values()]
    assert metric.nan_rule in NAN_RULES
    assert metric.nan_rule != "never" or not any(map(math.isnan, values))


@given(pairs())
def test_a_sparse_safe_metric_heeds_no_object_where_nothing_is_annotated(images: ImagePair) -> None:
    truth, pred = images
    if not truth.any():
        return
    added = np.where((truth == 0) & (pred == 0), int(pred.max()) + 1, pred)
    one, other = full_pair(truth, pred), full_pair(truth, added)
    for metric in METRICS:
        if metric.sparse == "sparse safe":
            assert metric.of(one) == pytest.approx(metric.of(other), abs=0, nan_ok=True), metric.id


@pytest.mark.parametrize("declared", EVERY, ids=lambda metric: metric.id)
def test_what_others_rely_on_is_declared_as_it_was(declared: Metric) -> None:
    assert DECLARED[declared.id] == {
        "id": declared.id,
        "title": declared.title,
        "needs": declared.needs,
        "direction": declared.direction,
        "unit": declared.unit,
        "range": "{:g} to {:g}".format(*declared.range),
        "at": "" if declared.at is None else "{} {:g}".format(*declared.at),
        "sparse": declared.sparse,
        "nan_rule": declared.nan_rule,
    }


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.id)
def test_families_declare_what_they_did(family: Family[Metric]) -> None:
    example = family.make(family.example)
    assert example is not None
    test_what_others_rely_on_is_declared_as_it_was(example)


def test_ids_are_unique_and_complete() -> None:
    ids = [metric.id for metric in EVERY]
    assert len(ids) == len(set(ids))
    assert set(CONTRACT) <= set(ids)
    assert [*ids, *(family.example for family in FAMILIES)] == list(DECLARED)


def test_identical_images_reach_the_best_value() -> None:
    """Unless there is nothing to count: no object of the size, say. A length has no greatest value."""
    pair = case_pair("identical")
    for metric in METRICS:
        best = {"higher": metric.range[1], "lower": metric.range[0]}.get(metric.direction)
        value = metric.of(pair)
        if (
            best is not None
            and math.isfinite(best)
            and not math.isnan(value)
            and metric.id not in (*NO_BACKGROUND, *NO_TARGET)
        ):
            assert value == pytest.approx(best, abs=1e-8), metric.id


def test_short_ids_are_names_of_what_they_were() -> None:
    by_id = {metric.id: metric for metric in METRICS}
    for short, whole in SHORT_IDS.items():
        one, other = by_id[short], by_id[whole]
        for images in hostile_pairs().values():
            assert one(overlap_table(*images)) == pytest.approx(other(overlap_table(*images)), abs=0, nan_ok=True)


def test_listing_metrics_loads_no_compiler_and_no_library() -> None:
    code = "import sys, harness.metrics; print([m for m in ('numba', 'scipy', 'skimage', 'elf') if m in sys.modules])"
    listed = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert listed.strip() == "[]"


def test_one_image_alone_is_pooled_to_its_own_value() -> None:
    for case in CASES:
        pair = case_pair(case)
        for metric in ADDABLE:
            assert metric.pooled([metric.counts_of(pair)]) == pytest.approx(metric.of(pair), abs=0, nan_ok=True)


def test_pooled_images_are_like_images_side_by_side() -> None:
    """Two images whose objects are renamed apart, as one: what pooling stands for. Conventions that count by the
    greatest label, take the first label for background or divide objects by the sizes of their image differ there by
    what they are.
    """
    one, two = CASES["1 split 60:40"](), CASES["truth of 2, prediction empty"]()
    far = tuple(np.where(image > 0, image + 10, 0) for image in two)
    table = overlap_table(*(np.concatenate([a, b]) for a, b in zip(one, far, strict=True)))
    for metric in ADDABLE:
        has_zero_segment = metric.id.startswith(("voi.", "arand.skimage", "arand.elf", "arand.cremi-", "cremi-score."))
        counts_by_label = metric.id.endswith(("cellpose", "spoco", "cvppp-script"))
        if metric.needs != "overlap" or has_zero_segment or counts_by_label or "quarter" in metric.id:
            continue
        pooled = metric.pooled([metric.counts_of(Pair(*pair)) for pair in (one, two)])
        assert pooled == pytest.approx(metric(table), abs=1e-12), metric.id


def test_a_plain_function_cannot_be_pooled(addable: Metric) -> None:
    own = replace(addable, needs="overlap", function=lambda table: 1.0, counts=None, value=None)
    assert own.of(Pair([1], [1])) == 1.0
    assert own.counts_of(Pair([1], [1])) == {}
    with pytest.raises(LabelError, match="keeps no addable counts and cannot be pooled"):
        own.pooled([{}])
    with pytest.raises(LabelError, match="there is no image to pool"):
        addable.pooled([])


def test_a_plain_function_is_asked_as_it_is() -> None:
    plain = replace(ADDABLE[0], needs="overlap", function=lambda table: table.n_truth + 1, counts=None, value=None)
    pair = Pair([1, 2], [1, 0])
    assert plain.of(pair) == plain(pair.overlap) == 3.0
    assert not plain.is_addable


def test_a_metric_has_one_way_to_its_value(addable: Metric) -> None:
    with pytest.raises(RegistryError, match="needs either 'function', or 'counts' and 'value'"):
        replace(addable, function=lambda table: 1.0)
    with pytest.raises(RegistryError, match="needs either"):
        replace(addable, value=None)
    for halves in ({"counts": None}, {"value": None}):
        with pytest.raises(RegistryError, match="needs either"):
            replace(addable, function=lambda table: 1.0, **halves)
