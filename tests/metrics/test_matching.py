"""The number of matched objects against the assignment it stands for."""

from __future__ import annotations

import math
from unittest import mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from harness.metrics import matching, overlap_table
from harness.metrics.matching import (
    _best_other,
    _certain_pairs,
    exact_sum,
    greedy_pairs,
    heaviest_pairs,
    matched_pairs,
    object_counts,
    one_to_one,
    rows_and_columns_hit,
)
from harness.metrics.overlap import Pairs
from tests.metrics.images import Pair, pairs

Graph = tuple[Pairs, np.ndarray]


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Pairs of few objects, and their weights, many of them equal."""
    cells = sorted(draw(st.sets(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=20)))
    weights = draw(st.lists(st.sampled_from([0.5, 1.0, 1.5, 3.0]), min_size=len(cells), max_size=len(cells)))
    rows, cols = np.array(cells).T
    return Pairs(rows, cols, np.ones(rows.size, np.int64), np.full(rows.size, 2)), np.array(weights)


def dense(pairs: Pairs, weights: np.ndarray) -> np.ndarray:
    found = np.zeros((6, 6))
    found[pairs.rows, pairs.cols] = weights
    return found


def optimum(pairs: Pairs, weights: np.ndarray) -> float:
    found = dense(pairs, weights)
    return float(found[linear_sum_assignment(-found)].sum())


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


@given(pairs(), st.sampled_from([0.0, 0.1, 0.5]), st.integers(0, 2))
def test_greedy_partners_are_those_of_one_pair_after_the_other(pair: Pair, threshold: float, rounds: int) -> None:
    objects = overlap_table(*pair).objects
    hits = objects.iou >= threshold
    expected: list[int] = []
    for index in sorted(np.flatnonzero(hits), key=lambda i: (-objects.iou[i], objects.cols[i], objects.rows[i])):
        if all(objects.rows[i] != objects.rows[index] and objects.cols[i] != objects.cols[index] for i in expected):
            expected.append(int(index))
    with mock.patch.object(matching, "_ROUNDS", rounds):
        assert greedy_pairs(objects, hits).tolist() == sorted(expected)


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


@given(graphs())
def test_heaviest_and_most_partners_of_any_graph(graph: Graph) -> None:
    pairs, weights = graph
    everything = np.ones(weights.size, bool)
    for chosen, weight in ((heaviest_pairs(pairs, weights), weights), (matched_pairs(pairs, everything), everything)):
        assert weight[chosen].sum() == optimum(pairs, weight)
        assert np.unique(pairs.rows[chosen]).size == np.unique(pairs.cols[chosen]).size == chosen.size
        assert np.array_equal(chosen, np.unique(chosen))


@given(graphs())
def test_certain_pairs_leave_the_optimum_to_the_open_ones(graph: Graph) -> None:
    """What is certain is only a matter of speed: without it all would be assigned, to the same sum."""
    pairs, weights = graph
    certain, still_open = _certain_pairs(pairs.rows, pairs.cols, weights)
    rest = Pairs(*(column[still_open] for column in (pairs.rows, pairs.cols, pairs.counts, pairs.unions)))
    assert weights[certain].sum() + optimum(rest, weights[still_open]) == optimum(pairs, weights)
    assert not np.isin(pairs.rows[still_open], pairs.rows[certain]).any()
    assert not np.isin(pairs.cols[still_open], pairs.cols[certain]).any()


def test_a_pair_that_outweighs_its_rivals_is_certain_and_frees_others() -> None:
    # 0-0 outweighs all beside it; without it 1-1 does; 2-2 and 2-3 tie
    rows, cols = np.array([0, 0, 1, 1, 2, 2]), np.array([0, 1, 0, 1, 2, 3])
    certain, still_open = _certain_pairs(rows, cols, np.array([9.0, 3.0, 3.0, 2.0, 1.0, 1.0]))
    assert certain.tolist() == [0, 3]
    assert still_open.tolist() == [4, 5]


@given(st.lists(st.tuples(st.integers(0, 4), st.sampled_from([0.5, 1.0, 2.0, 3.0])), min_size=1, max_size=12))
def test_the_best_other_of_a_group(entries: list[tuple[int, float]]) -> None:
    groups, weights = (np.array(column) for column in zip(*entries, strict=True))
    expected = [
        max((weight for other, (group, weight) in enumerate(entries) if group == own and other != index), default=0.0)
        for index, (own, _) in enumerate(entries)
    ]
    assert _best_other(groups, weights).tolist() == expected


def test_partners_are_counted_with_their_iou_or_another_score() -> None:
    objects = overlap_table(np.array([1, 1, 2, 2, 0]), np.array([1, 1, 2, 0, 3])).objects
    both = np.ones(2, bool)
    assert one_to_one(objects, both, 2, 3) == (2, 1, 0, 1.5)
    assert one_to_one(objects, both, 2, 3, np.array([0.25, 0.5])) == (2, 1, 0, 0.75)
    assert one_to_one(objects, np.array([True, False]), 2, 3) == (1, 2, 1, 1.0)


@pytest.mark.parametrize(("shared", "expected"), [(49, 0), (50, 0), (51, 1)])
def test_a_match_is_above_one_half(shared: int, expected: int) -> None:
    truth, pred = np.ones(100, int), np.repeat([1, 0], [shared, 100 - shared])
    counts = object_counts(overlap_table(truth, pred))
    assert (counts["match.50"], counts["match.50.iou"]) == (expected, expected * shared / 100)
