"""Symmetric best Dice against the library and the written definitions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given

from harness.metrics import overlap_table
from harness.metrics.dice import METRICS, dice_counts
from tests.metrics import naive
from tests.metrics.images import Pair, hostile_pairs, pairs

HOSTILE = hostile_pairs()
BY_ID = {metric.id: metric for metric in METRICS}
cvppp, script, spoco, elf, mask = (BY_ID[f"sbd.{name}"] for name in ("cvppp", "cvppp-script", "spoco", "elf", "mask"))


@pytest.fixture(params=HOSTILE)
def pair(request: pytest.FixtureRequest) -> Pair:
    return HOSTILE[request.param]


def assert_agreement(pair: Pair) -> None:
    from elf.evaluation import dice_score, symmetric_best_dice_score

    truth, pred = pair
    table = overlap_table(truth, pred)
    assert elf(table) == pytest.approx(symmetric_best_dice_score(pred, truth), abs=1e-12)
    assert mask(table) == pytest.approx(dice_score(pred, truth) if np.any(truth) or np.any(pred) else 1.0, abs=1e-7)
    if np.any(truth) and np.any(pred):
        assert cvppp(table) == pytest.approx(naive.symmetric_best_dice(truth, pred, 0), abs=1e-12)
        assert spoco(table) == pytest.approx(naive.symmetric_best_dice(truth, pred, 1), abs=1e-12)
    else:
        assert math.isnan(spoco(table))
        assert cvppp(table) == float(not np.any(truth) and not np.any(pred))


def test_library_and_definitions_agree(pair: Pair) -> None:
    pytest.importorskip("elf.evaluation")
    assert_agreement(pair)


@given(pairs())
def test_library_and_definitions_agree_on_any_small_pair(pair: Pair) -> None:
    pytest.importorskip("elf.evaluation")
    assert_agreement(pair)


def test_spoco_counts_objects_that_do_not_touch() -> None:
    truth, pred = np.array([1, 1, 0, 0, 0]), np.array([0, 0, 1, 2, 2])
    assert spoco(overlap_table(truth, pred)) == pytest.approx((1 / 4 + 1 / 5) / 2)


@given(pairs())
def test_bounds_symmetry_and_identity(pair: Pair) -> None:
    truth, pred = pair
    for metric in METRICS:
        value = metric(overlap_table(truth, pred))
        assert math.isnan(value) or 0 <= value <= 1
        assert value == pytest.approx(metric(overlap_table(pred, truth)), abs=0, nan_ok=True)
        if np.any(truth) and metric is not script:
            assert metric(overlap_table(truth, truth)) == pytest.approx(1, abs=1e-6)


@given(pairs())
def test_the_script_walks_over_all_labels_between_least_and_greatest(pair: Pair) -> None:
    table = overlap_table(*pair)
    assert script(table) == pytest.approx(naive.script_best_dice(*pair), abs=1e-12)


@pytest.mark.parametrize("name", HOSTILE)
def test_the_script_equals_the_formula_where_labels_have_no_gaps(name: str) -> None:
    truth, pred = (np.unique(image, return_inverse=True)[1].reshape(image.shape) for image in HOSTILE[name])
    if not all(np.any(image == 0) and np.any(image) for image in HOSTILE[name]):
        return
    assert script(overlap_table(truth, pred)) == pytest.approx(cvppp(overlap_table(truth, pred)), abs=1e-12)


def test_a_gap_counts_as_an_object_in_the_script_alone() -> None:
    table = overlap_table(np.array([0, 1, 5]), np.array([0, 1, 2]))
    assert (cvppp(table), script(table)) == (1.0, 2 / 5)


@pytest.mark.parametrize(("truth", "pred"), [([0, 0], [1, 2]), ([1, 2], [0, 0]), ([0, 0], [0, 0])])
def test_an_image_without_objects_adds_nothing_to_a_set(truth: list[int], pred: list[int]) -> None:
    counts = dice_counts(overlap_table(np.array(truth), np.array(pred)))
    assert {value for name, value in counts.items() if name.startswith("dice.")} == {0.0}


@pytest.mark.parametrize("pred", [[0, 0, 0], [1, 0, 2]])
def test_counts_have_the_same_names_whatever_there_is(pred: list[int]) -> None:
    counts = dice_counts(overlap_table(np.array([0, 1, 1]), np.array(pred)))
    sums = {f"dice.{name}.{side}" for name in ("cvppp", "spoco", "elf") for side in ("truth", "pred")}
    assert set(counts) == {"objects.truth", "objects.pred", *sums}
