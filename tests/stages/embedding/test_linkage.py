from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.stages.embedding import _linkage


def test_vectors_join_by_falling_density() -> None:
    core = np.array([1.0, 2.0, 3.0, 1.5, 9.0], np.float32)
    near = np.array([[1, 2], [0, -1], [1, 3], [2, -1], [2, 3]])
    edges, lengths, sure = np.empty((4, 2), np.int64), np.empty(4, np.float32), np.empty(4, bool)
    made = _linkage.join_by_density(np.argsort(core), core, near, edges, lengths, sure)
    assert edges[:made].tolist() == [[1, 0], [2, 1], [2, 3], [4, 2]]
    assert lengths[:made].tolist() == [2, 3, 3, 9]
    assert sure[:made].tolist() == [True, True, False, True]


def test_one_that_joins_nobody_waits_for_its_densest_neighbour() -> None:
    core = np.array([1.0, 2.0, 3.0], np.float32)
    near = np.array([[2, 1], [2, -1], [-1, -1]])
    edges, lengths, sure = np.empty((2, 2), np.int64), np.empty(2, np.float32), np.empty(2, bool)
    assert _linkage.join_by_density(np.argsort(core), core, near, edges, lengths, sure) == 2
    assert edges.tolist() == [[0, 1], [1, 2]]
    assert lengths.tolist() == [2, 3]
    assert sure.tolist() == [True, False]


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 40), st.integers(2, 6), st.integers(0, 1000))
def test_the_condensed_tree_is_that_of_the_library(count: int, least: int, seed: int) -> None:
    tree = pytest.importorskip("hdbscan._hdbscan_tree", reason="hdbscan is not installed")
    linkage = pytest.importorskip("hdbscan._hdbscan_linkage", reason="hdbscan is not installed")
    rng = np.random.default_rng(seed)
    ends = np.stack([np.arange(1, count), [rng.integers(0, node) for node in range(1, count)]], axis=1)
    lengths = np.sort(rng.random(count - 1)) + 0.1
    children, sizes = np.empty((count - 1, 2), np.int64), np.empty(2 * count - 1, np.int64)
    _linkage.merge(ends, children, sizes)
    expected = linkage.label(np.column_stack([ends, lengths]).astype(float))
    assert np.sort(children, axis=1).tolist() == np.sort(expected[:, :2], axis=1).astype(int).tolist()
    assert sizes[count:].tolist() == expected[:, 3].astype(int).tolist()

    parents, births, stabilities = np.empty(count + 1, np.int64), np.empty(count + 1), np.empty(count + 1)
    left = np.empty(count, np.int64)
    made = _linkage.condense(children, sizes, 1 / lengths, least, parents, births, stabilities, left)
    condensed = tree.condense_tree(expected, least)
    assert made == len(set(condensed["parent"].tolist()))
    stable = tree.compute_stability(condensed)
    np.testing.assert_allclose(sorted(stabilities[:made]), sorted(stable.values()), atol=1e-9)
    assert sorted(np.bincount(left, minlength=made)) == sorted(
        int((condensed["child_size"][condensed["parent"] == cluster] == 1).sum()) for cluster in stable
    )
