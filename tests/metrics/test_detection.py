"""Counts, precision, recall and F1."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from harness.metrics import overlap_table
from harness.metrics.detection import METRICS
from tests.metrics.images import Pair, hostile_pairs, pairs

HOSTILE = hostile_pairs()
BY_ID = {metric.id: metric for metric in METRICS}
f1, precision, recall = (BY_ID[f"{name}.50"] for name in ("f1", "precision", "recall"))


@given(pairs())
def test_counts_are_those_of_the_labels(pair: Pair) -> None:
    table = overlap_table(*pair)
    n_truth, n_pred = (np.unique(image[image > 0]).size for image in pair)
    assert (BY_ID["count.truth"](table), BY_ID["count.pred"](table)) == (n_truth, n_pred)
    assert BY_ID["count.error"](table) == abs(n_truth - n_pred)


@pytest.mark.parametrize("name", HOSTILE)
def test_stardist_agrees_just_above_one_half(name: str) -> None:
    matching = pytest.importorskip("stardist.matching").matching
    truth, pred = HOSTILE[name]
    if not np.any(truth) and not np.any(pred):
        pytest.skip("the library scores two empty images 0")
    result = matching(truth, pred, thresh=0.5001)
    table = overlap_table(truth, pred)
    assert (precision(table), recall(table), f1(table)) == (result.precision, result.recall, result.f1)


@given(pairs())
def test_precision_and_recall_change_places(pair: Pair) -> None:
    truth, pred = pair
    one, other = overlap_table(truth, pred), overlap_table(pred, truth)
    assert precision(one) == recall(other)
    assert f1(one) == f1(other)
    assert 0 <= f1(one) <= 1


@given(pairs())
def test_counts_are_compared_in_four_ways(pair: Pair) -> None:
    truth, pred = pair
    table = overlap_table(truth, pred)
    difference = BY_ID["count.difference"](table)
    assert abs(difference) == BY_ID["count.error"](table)
    assert BY_ID["count.error.cvppp-script"](table) == abs(np.ptp(pred) - np.ptp(truth))
    if table.n_truth:
        assert BY_ID["count.relative-error"](table) == abs(difference) / table.n_truth


def test_pooled_counts_cancel() -> None:
    one, other = (overlap_table(np.array(a), np.array(b)) for a, b in (([0, 1], [1, 2]), ([1, 2], [1, 0])))
    error = BY_ID["count.error"]
    assert [error(one), error(other)] == [1, 1]
    assert error.counts is not None
    assert error.pooled([error.counts(one), error.counts(other)]) == 0
