"""Aggregated Jaccard index and ensemble Dice against their written definitions and Cellpose."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given

from harness.metrics import overlap_table
from harness.metrics.aggregated import METRICS
from tests.metrics import naive
from tests.metrics.images import Pair, hostile_pairs, pairs

HOSTILE = hostile_pairs()
BY_ID = {metric.id: metric for metric in METRICS}


def dice2(truth: np.ndarray, pred: np.ndarray) -> float:
    touching = [(t, p) for t in naive.masks(truth) for p in naive.masks(pred) if np.any(t & p)]
    sizes = sum(t.sum() + p.sum() for t, p in touching)
    return 2 * sum(np.sum(t & p) for t, p in touching) / sizes if sizes else math.nan


@pytest.mark.parametrize("name", HOSTILE)
def test_definitions_agree(name: str) -> None:
    truth, pred = HOSTILE[name]
    table = overlap_table(truth, pred)
    kumar, unique = (naive.jaccard(truth, pred, unique=unique) for unique in (False, True))
    assert BY_ID["aji.kumar"](table) == pytest.approx(kumar, abs=1e-12, nan_ok=True)
    assert BY_ID["dice2.hovernet"](table) == pytest.approx(dice2(truth, pred), abs=1e-12, nan_ok=True)
    if name not in ("exact halves", "noise", "unrelated"):
        assert BY_ID["aji.plus"](table) == pytest.approx(unique, abs=1e-12, nan_ok=True)


@given(pairs())
def test_definitions_agree_on_any_small_pair(pair: Pair) -> None:
    table = overlap_table(*pair)
    assert BY_ID["aji.kumar"](table) == pytest.approx(naive.jaccard(*pair, unique=False), abs=1e-12, nan_ok=True)
    assert BY_ID["dice2.hovernet"](table) == pytest.approx(dice2(*pair), abs=1e-12, nan_ok=True)


@pytest.mark.slow
@pytest.mark.parametrize("name", HOSTILE)
def test_cellpose_agrees(name: str) -> None:
    library = pytest.importorskip("cellpose.metrics").aggregated_jaccard_index
    truth, pred = HOSTILE[name]
    with np.errstate(all="ignore"):
        expected = float(library([truth], [pred])[0])
    assert BY_ID["aji.cellpose"](overlap_table(truth, pred)) == pytest.approx(expected, abs=1e-12, nan_ok=True)


@given(pairs())
def test_unique_partners_never_gain(pair: Pair) -> None:
    table = overlap_table(*pair)
    values = [metric(table) for metric in METRICS]
    assert all(math.isnan(value) or 0 <= value <= 1 for value in values)
    if np.any(pair[0]):
        assert all(metric(overlap_table(pair[0], pair[0])) == 1 for metric in METRICS)


def test_equal_overlaps_all_count_in_cellseg_metrics() -> None:
    """A true object is cut into halves: Kumar's index takes the first half, cellseg-metrics both."""
    table = overlap_table(np.ones(4, int), np.array([1, 1, 2, 2]))
    assert BY_ID["aji.kumar"](table) == 2 / 6
    assert BY_ID["aji.cellseg-metrics"](table) == 4 / 8
