"""The number of matched objects against the assignment it stands for."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from harness.metrics import overlap_table
from harness.metrics.matching import (
    exact_sum,
    greedy_pairs,
    heaviest_pairs,
    matched_pairs,
    object_counts,
    one_to_one,
    rows_and_columns_hit,
)
from tests.metrics.images import Pair, pairs


@given(pairs(), st.sampled_from([0.0, 0.1, 0.25, 1 / 3, 0.5, 0.75]))
def test_equals_the_optimal_assignment_at_any_threshold(pair: Pair, threshold: float) -> None:
    table = overlap_table(*pair)
    objects = table.objects
    hits = objects.iou >= threshold
    dense = np.zeros((table.truth_ids.size, table.pred_ids.size))
    dense[objects.rows[hits], objects.cols[hits]] = 1
    rows, cols = linear_sum_assignment(-dense)
    chosen = matched_pairs(objects, hits)
    assert chosen.size == int(dense[rows, cols].sum())
    assert np.all(hits[chosen])
    assert np.unique(objects.rows[chosen]).size == np.unique(objects.cols[chosen]).size == chosen.size
    assert rows_and_columns_hit(objects, hits) == (np.any(dense, axis=1).sum(), np.any(dense, axis=0).sum())


def test_a_million_hits_need_no_dense_table() -> None:
    truth = np.repeat(np.arange(1, 500_001), 2)
    objects = overlap_table(truth, np.arange(1, 1_000_001)).objects
    assert matched_pairs(objects, objects.iou >= 0.5).size == 500_000


@pytest.mark.parametrize("hits", [[], [False, False]])
def test_no_hits(hits: list[bool]) -> None:
    objects = overlap_table(np.array([1, 2]), np.array([1, 2] if hits else [0, 0])).objects
    assert one_to_one(objects, np.array(hits, bool), 2, 3) == (0, 3, 2, 0.0)


def test_objects_and_voxels_are_counted() -> None:
    assert object_counts(overlap_table(np.array([0, 1, 1, 1, 2]), np.array([0, 4, 4, 0, 5]))) == {
        "objects.truth": 2,
        "objects.pred": 2,
        "voxels.all": 5,
        "voxels.truth": 4,
        "voxels.pred": 3,
        "voxels.shared": 3,
        "match.50": 2,
        "match.50.iou": 2 / 3 + 1,
    }


@given(pairs())
def test_the_heaviest_partners_weigh_what_the_assignment_weighs(pair: Pair) -> None:
    table = overlap_table(*pair)
    objects = table.objects
    dense = np.zeros((table.truth_ids.size, table.pred_ids.size))
    dense[objects.rows, objects.cols] = objects.iou
    rows, cols = linear_sum_assignment(-dense)
    chosen = heaviest_pairs(objects, objects.iou)
    assert objects.iou[chosen].sum() == pytest.approx(dense[rows, cols].sum(), abs=1e-12)
    assert np.unique(objects.rows[chosen]).size == np.unique(objects.cols[chosen]).size == chosen.size


@given(pairs(), st.sampled_from([0.0, 0.1, 0.5]))
def test_greedy_partners_leave_no_better_pair_free(pair: Pair, threshold: float) -> None:
    objects = overlap_table(*pair).objects
    hits = objects.iou >= threshold
    chosen = greedy_pairs(objects, hits)
    assert np.all(hits[chosen])
    rows, cols = set(objects.rows[chosen]), set(objects.cols[chosen])
    assert len(rows) == len(cols) == chosen.size
    assert all(objects.rows[i] in rows or objects.cols[i] in cols for i in np.flatnonzero(hits))
    assert 2 * chosen.size >= matched_pairs(objects, hits).size


def test_greedy_is_not_optimal() -> None:
    """The best pair of all stands between two others."""
    objects = overlap_table(np.repeat([1, 2], [8, 2]), np.repeat([1, 2, 1], [6, 2, 2])).objects
    assert greedy_pairs(objects, objects.iou > 0).size == heaviest_pairs(objects, objects.iou).size == 1
    assert matched_pairs(objects, objects.iou > 0).size == 2


@given(st.lists(st.floats(0.5, 1.0), max_size=50), st.integers(1, 100))
def test_a_sum_of_scores_is_the_double_nearest_the_exact_one(scores: list[float], times: int) -> None:
    assert exact_sum(np.array(scores * times, np.float64)) == math.fsum(scores * times)


def test_a_sum_of_many_scores_does_not_overflow() -> None:
    assert exact_sum(np.ones(3_000_000)) == 3_000_000.0
    assert exact_sum(np.full(3_000_001, np.nextafter(1, 0))) == math.fsum([np.nextafter(1, 0)] * 3_000_001)
