"""Average precision against the libraries and the written definitions."""

from __future__ import annotations

import math
import warnings
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import RegistryError
from harness.metrics import OverlapTable, overlap_table
from harness.metrics.ap import (
    CONVENTIONS,
    DECIMALS,
    MEANS,
    METRICS,
    POINTS,
    average_precision,
    match_counts,
    precisions,
)
from tests.metrics import naive
from tests.metrics.images import Pair, hostile_pairs, pairs

HOSTILE = hostile_pairs()
BY_ID = {metric.id: metric for metric in METRICS}


@pytest.fixture(params=HOSTILE)
def pair(request: pytest.FixtureRequest) -> Pair:
    return HOSTILE[request.param]


def at_ten(table: OverlapTable, convention: str) -> list[float]:
    chosen = CONVENTIONS[convention]
    scores = [average_precision(table, convention, threshold=t) for t in chosen.thresholds]
    mean = BY_ID[f"map.{convention}"](table)
    assert mean == pytest.approx(np.mean(scores), abs=1e-15, nan_ok=True)
    return scores


def by_stardist(pair: Pair) -> list[float]:
    from stardist.matching import matching

    return [result.accuracy for result in matching(*pair, thresh=DECIMALS)]


def by_elf(pair: Pair) -> list[float]:
    from elf.evaluation import mean_segmentation_accuracy

    truth, pred = pair
    return mean_segmentation_accuracy(pred, truth, return_accuracies=True)[1]


def by_cellpose(pair: Pair) -> list[float]:
    from cellpose.metrics import average_precision as library

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return library(*pair, threshold=list(DECIMALS))[0].tolist()


def test_stardist_agrees(pair: Pair) -> None:
    pytest.importorskip("stardist")
    assert at_ten(overlap_table(*pair), "stardist") == pytest.approx(by_stardist(pair), abs=1e-15)


@given(pairs())
def test_stardist_agrees_on_any_small_pair(pair: Pair) -> None:
    pytest.importorskip("stardist")
    assert at_ten(overlap_table(*pair), "stardist") == pytest.approx(by_stardist(pair), abs=1e-15)


@pytest.mark.parametrize("criterion", ["iot", "iop"])
def test_stardist_agrees_by_other_criteria(pair: Pair, criterion: str) -> None:
    matching = pytest.importorskip("stardist.matching").matching
    expected = [result.accuracy for result in matching(*pair, thresh=DECIMALS, criterion=criterion)]
    assert at_ten(overlap_table(*pair), f"stardist-{criterion}") == pytest.approx(expected, abs=1e-15)


@given(pairs(), st.sampled_from(["iot", "iop"]))
def test_stardist_agrees_by_other_criteria_on_any_small_pair(pair: Pair, criterion: str) -> None:
    matching = pytest.importorskip("stardist.matching").matching
    expected = [result.accuracy for result in matching(*pair, thresh=DECIMALS, criterion=criterion)]
    assert at_ten(overlap_table(*pair), f"stardist-{criterion}") == pytest.approx(expected, abs=1e-15)


def test_cellpose4_counts_one_object_fewer_than_values() -> None:
    """Its library would say 3 / (2 + 2 - 3) = 3 for a perfect prediction without background; here that is undefined."""
    solid = overlap_table(np.array([1, 2, 3]), np.array([1, 2, 3]))
    assert all(math.isnan(value) for value in at_ten(solid, "cellpose4"))
    with_background = overlap_table(np.array([0, 1, 2, 3]), np.array([0, 5, 6, 7]))
    assert at_ten(with_background, "cellpose4") == [1.0] * 10
    one_value = overlap_table(np.array([1, 2, 3]), np.array([1, 1, 1]))
    assert at_ten(one_value, "cellpose4") == [0.0] * 10


def test_elf_agrees(pair: Pair) -> None:
    pytest.importorskip("elf.evaluation")
    assert at_ten(overlap_table(*pair), "elf") == pytest.approx(by_elf(pair), abs=1e-15)


@given(pairs())
def test_elf_agrees_on_any_small_pair(pair: Pair) -> None:
    pytest.importorskip("elf.evaluation")
    assert at_ten(overlap_table(*pair), "elf") == pytest.approx(by_elf(pair), abs=1e-15)


def test_elf_agrees_on_ids_up_to_2_to_the_62() -> None:
    pytest.importorskip("elf.evaluation")
    truth, pred = (np.where(image > 0, 2**62 - image, 0) for image in HOSTILE["shifted 2d"])
    assert at_ten(overlap_table(truth, pred), "elf") == pytest.approx(by_elf((truth, pred)), abs=1e-15)


@pytest.mark.slow
def test_cellpose_agrees(pair: Pair) -> None:
    pytest.importorskip("cellpose")
    assert at_ten(overlap_table(*pair), "cellpose") == pytest.approx(by_cellpose(pair), rel=2e-7, nan_ok=True)


@pytest.mark.slow
@given(pairs())
def test_cellpose_agrees_on_any_small_pair(pair: Pair) -> None:
    pytest.importorskip("cellpose")
    assert at_ten(overlap_table(*pair), "cellpose") == pytest.approx(by_cellpose(pair), rel=2e-7, nan_ok=True)


def test_gonuclear_agrees_with_its_definition(pair: Pair) -> None:
    assert at_ten(overlap_table(*pair), "gonuclear") == naive.gonuclear(*pair)


@given(pairs())
def test_gonuclear_agrees_on_any_small_pair(pair: Pair) -> None:
    assert at_ten(overlap_table(*pair), "gonuclear") == naive.gonuclear(*pair)


@given(pairs())
def test_canonical_is_strict_stardist(pair: Pair) -> None:
    """Beyond the reach of an exact tie both count the same; only two empty images differ."""
    table = overlap_table(*pair)
    for threshold in (0.5012, 0.7012, 0.9012):
        expected = (
            1.0 if table.n_truth == table.n_pred == 0 else average_precision(table, "stardist", threshold=threshold)
        )
        assert average_precision(table, "canonical", threshold=threshold) == expected


@pytest.mark.parametrize("percent", range(50, 100, 5))
def test_an_iou_equal_to_the_threshold(percent: int) -> None:
    """Which conventions let an exact tie match is decided by their arithmetic, here for IoU = percent / 100."""
    truth = np.ones(100, int)
    table = overlap_table(truth, np.where(np.arange(100) < percent, 1, 0))
    elf_threshold = np.arange(0.5, 1.0, 0.05)[(percent - 50) // 5]
    gonuclear_threshold = np.linspace(0.5, 0.95, 10)[(percent - 50) // 5]
    background = np.zeros(100, int)
    shown = overlap_table(
        np.concatenate([background, truth]), np.concatenate([background, truth * 0 + (np.arange(100) < percent)])
    )
    values = {name: at_ten(table, name)[(percent - 50) // 5] for name in CONVENTIONS}
    assert values["canonical"] == 0.0
    assert values["stardist"] == values["cellpose"] == 1.0
    assert values["elf"] == float(percent / 100 >= elf_threshold)
    assert at_ten(shown, "gonuclear")[(percent - 50) // 5] == float(percent / 100 > gonuclear_threshold)


def test_gonuclear_threshold_of_nine_tenths_lies_below_it() -> None:
    assert Fraction(CONVENTIONS["gonuclear"].thresholds[8]) < Fraction(9, 10)
    assert Fraction(CONVENTIONS["elf"].thresholds[2]) > Fraction(6, 10)


def test_low_thresholds_use_the_best_assignment() -> None:
    """One prediction may serve one of two truth objects only, and the other finds its second best."""
    truth, pred = np.array([1, 1, 1, 2, 2, 2]), np.array([5, 5, 6, 6, 6, 6])
    table = overlap_table(truth, pred)
    assert average_precision(table, "stardist", threshold=0.1) == 1.0
    assert average_precision(table, "elf", threshold=0.1) == 1.0
    assert average_precision(table, "canonical", threshold=0.1) == 1.0


def test_unknown_convention_names_the_nearest() -> None:
    table = overlap_table(np.ones(2, int), np.ones(2, int))
    with pytest.raises(RegistryError, match="did you mean 'stardist'"):
        average_precision(table, "stardst", threshold=0.5)


@given(pairs())
def test_bounds_and_monotony(pair: Pair) -> None:
    table = overlap_table(*pair)
    for metric in METRICS:
        assert math.isnan(metric(table)) or 0 <= metric(table) <= 1
    for name in CONVENTIONS:
        scores = at_ten(table, name)
        assert all(math.isnan(a) or a >= b for a, b in pairwise(scores))


@given(pairs())
def test_symmetry_where_it_holds(pair: Pair) -> None:
    truth, pred = pair
    one, other = overlap_table(truth, pred), overlap_table(pred, truth)
    for name in ("canonical", "stardist", "cellpose", "elf"):
        assert at_ten(one, name) == pytest.approx(at_ten(other, name), nan_ok=True, abs=0)


@given(pairs())
def test_identity_is_perfect(pair: Pair) -> None:
    table = overlap_table(pair[0], pair[0])
    if table.n_truth == 0:
        return
    for name in ("canonical", "stardist", "elf"):
        assert at_ten(table, name) == [1.0] * 10
    assert at_ten(table, "gonuclear") == [1.0] * 10


@given(pairs())
def test_counts_are_those_of_the_scores(pair: Pair) -> None:
    table = overlap_table(*pair)
    for name, convention in CONVENTIONS.items():
        counts = match_counts(table, convention)
        for metric in METRICS:
            if metric.at is not None and metric.at[0] == f"ap.{name}":
                index = DECIMALS.index(metric.at[1])
                tp, fp, fn, iou = (counts[f"{kind}.{name}"][index] for kind in ("tp", "fp", "fn", "iou"))
                assert metric(table) == pytest.approx(convention.precision(tp, fp, fn), abs=0, nan_ok=True)
                assert tp * metric.at[1] <= iou + 1e-6 <= tp + 2e-6


def test_each_threshold_is_a_point_of_its_conventions_curve() -> None:
    for name in CONVENTIONS:
        points = [metric.at for metric in METRICS if metric.at is not None and metric.at[0] == f"ap.{name}"]
        assert [threshold for _, threshold in points] == list(DECIMALS)
    assert BY_ID["ap75.elf"].at == ("ap.elf", 0.75)
    assert BY_ID["map.elf"].at is None


def test_all_points_of_a_curve_are_those_of_its_metrics(pair: Pair) -> None:
    table = overlap_table(*pair)
    for name, (convention, index) in POINTS.items():
        counts = match_counts(table, convention)
        assert BY_ID[name].at == (f"ap.{convention.name}", DECIMALS[index])
        pooled = BY_ID[name].pooled([counts])
        assert precisions([counts], convention)[0, index] == pytest.approx(pooled, abs=0, nan_ok=True)
    assert set(MEANS) == {metric.id for metric in METRICS if metric.at is None}
    assert set(POINTS) == {metric.id for metric in METRICS if metric.at is not None}
