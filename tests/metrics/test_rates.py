"""F1, precision and recall at ten thresholds, and the areas under F1."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from harness.metrics import overlap_table
from harness.metrics.ap import DECIMALS
from harness.metrics.rates import METRICS, RATES
from tests.metrics.images import Pair, hostile_pairs, pairs

HOSTILE = hostile_pairs()
BY_ID = {metric.id: metric for metric in METRICS}


@pytest.mark.parametrize("name", HOSTILE)
def test_stardist_agrees(name: str) -> None:
    matching = pytest.importorskip("stardist.matching").matching
    truth, pred = HOSTILE[name]
    table = overlap_table(truth, pred)
    for result, threshold in zip(matching(truth, pred, thresh=DECIMALS), DECIMALS, strict=True):
        percent = round(100 * threshold)
        measured = tuple(BY_ID[f"{one}.{percent}.stardist"](table) for one in ("f1", "precision", "recall"))
        assert measured == pytest.approx((result.f1, result.precision, result.recall), abs=1e-12)


@given(pairs())
def test_precision_and_recall_change_places(pair: Pair) -> None:
    truth, pred = pair
    one, other = overlap_table(truth, pred), overlap_table(pred, truth)
    for convention in ("canonical", "stardist"):
        for percent in (50, 75, 95):
            assert BY_ID[f"precision.{percent}.{convention}"](one) == BY_ID[f"recall.{percent}.{convention}"](other)
            f1 = BY_ID[f"f1.{percent}.{convention}"]
            assert 0 <= f1(one) == f1(other) <= 1


@given(pairs())
def test_rates_fall_with_the_threshold(pair: Pair) -> None:
    table = overlap_table(*pair)
    for rate in RATES:
        values = [BY_ID[f"{rate.name}.{percent}.canonical"](table) for percent in range(50, 100, 5)]
        assert values == sorted(values, reverse=True)


@given(pairs())
def test_the_exact_area_is_the_mean_of_f1_over_every_threshold(pair: Pair) -> None:
    """Middles of 20,000 steps between .5 and 1, F1 from the IoU of all pairs of objects."""
    truth, pred = pair
    table = overlap_table(truth, pred)
    objects = table.n_truth + table.n_pred
    thresholds = 0.5 + (np.arange(20_000) + 0.5) / 40_000
    found = (table.objects.iou[:, None] > thresholds).sum(0)
    expected = np.mean(2 * found / objects) if objects else 1.0
    assert BY_ID["f1-area.canonical"](table) == pytest.approx(expected, abs=1e-3)


def test_the_area_of_panoptica_is_that_of_a_trapezium_with_a_level_left_end() -> None:
    """One object of IoU .7: F1 is 1 up to .7 and falls to 0 at .8."""
    table = overlap_table(np.ones(10, int), np.where(np.arange(10) < 7, 1, 0))
    assert BY_ID["f1-area.panoptica"](table) == pytest.approx(0.7 + 0.05)


@given(pairs())
def test_areas_are_shares(pair: Pair) -> None:
    table = overlap_table(*pair)
    assert all(-1e-12 <= BY_ID[f"f1-area.{name}"](table) <= 1 + 1e-12 for name in ("canonical", "panoptica"))


def test_each_rate_is_a_point_of_its_curve() -> None:
    assert BY_ID["f1.75.stardist"].at == ("f1.stardist", 0.75)
    assert BY_ID["f1-area.canonical"].at is None


def test_a_match_counts_for_the_area_from_its_own_threshold_on() -> None:
    """One object of IoU .15: F1 is 1 up to .1 and falls to 0 at .2."""
    table = overlap_table(np.ones(20, int), np.where(np.arange(20) < 3, 1, 0))
    assert BY_ID["f1-area.panoptica"](table) == pytest.approx(0.1 + 0.05)
