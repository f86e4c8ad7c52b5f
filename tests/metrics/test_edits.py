"""The least number of merges and splits, beside a search through all partitions."""

from __future__ import annotations

from collections import deque
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from harness.metrics import METRICS, Pair, overlap_table
from harness.metrics.edits import METRICS as EDITS
from harness.metrics.edits import edit_counts, merges, splits
from tests.metrics.images import Pair as Images
from tests.metrics.images import hostile_pairs, pairs

Partition = frozenset[frozenset[int]]


def neighbours(partition: Partition) -> set[Partition]:
    """Every partition that one merge or one split away."""
    found = {partition - {one, other} | {one | other} for one, other in combinations(partition, 2)}
    for block in partition:
        first, *rest = sorted(block)
        for size in range(len(rest)):
            for chosen in combinations(rest, size):
                part = frozenset((first, *chosen))
                found.add(partition - {block} | {part, block - part})
    return found


def steps_between(start: Partition, end: Partition) -> int:
    seen, waiting = {start}, deque([(start, 0)])
    while waiting:
        partition, steps = waiting.popleft()
        if partition == end:
            return steps
        for other in neighbours(partition) - seen:
            seen.add(other)
            waiting.append((other, steps + 1))
    raise AssertionError("partitions are connected")


def partition(labels: list[int]) -> Partition:
    return frozenset(frozenset(np.flatnonzero(np.array(labels) == one).tolist()) for one in set(labels))


def test_ids() -> None:
    assert [metric.id for metric in EDITS] == ["edit.merges", "edit.splits"]
    assert {metric.id for metric in EDITS} <= {metric.id for metric in METRICS}


@given(st.lists(st.sampled_from([0, 0, 0, 1, 2]), min_size=5, max_size=5), st.integers(1, 3))
def test_no_way_of_fewer_steps_where_one_image_refines_the_other(coarse: list[int], parts: int) -> None:
    """Where every object of one image lies in one of the other, whole objects move and the search is exact."""
    fine = [label * parts + number % parts for number, label in enumerate(coarse)]
    for truth, pred in ((coarse, fine), (fine, coarse)):
        counts = edit_counts(overlap_table(np.array(truth) + 1, np.array(pred) + 1))
        assert merges(counts) + splits(counts) == steps_between(partition(pred), partition(truth))


@given(pairs())
def test_groups_are_what_a_graph_search_finds(images: Images) -> None:
    table = overlap_table(*images)
    both = table.objects
    belongs = (2 * both.counts > table.truth_sizes[both.rows]) | (2 * both.counts > table.pred_sizes[both.cols])
    rows, cols = both.rows[belongs], both.cols[belongs] + table.truth_ids.size
    size = table.truth_ids.size + table.pred_ids.size
    groups = connected_components(coo_matrix((np.ones(rows.size), (rows, cols)), shape=(size, size)), directed=False)[1]
    count = np.unique(groups[rows]).size
    counts = edit_counts(table)
    assert merges(counts) == np.unique(cols).size - count
    assert splits(counts) == np.unique(rows).size - count


@pytest.mark.parametrize("name", hostile_pairs())
def test_merges_and_splits_change_places_with_the_images(name: str) -> None:
    truth, pred = hostile_pairs()[name]
    one, other = edit_counts(overlap_table(truth, pred)), edit_counts(overlap_table(pred, truth))
    assert (merges(one), splits(one)) == (splits(other), merges(other))


def test_a_cell_in_three_parts_of_which_one_belongs_elsewhere() -> None:
    truth = np.repeat([1, 2], [9, 3])
    pred = np.array([4, 4, 4, 5, 5, 5, 6, 6, 6, 6, 6, 6])
    found = {metric.id: metric.of(Pair(truth, pred)) for metric in EDITS}
    assert found == {"edit.merges": 1.0, "edit.splits": 0.0}
