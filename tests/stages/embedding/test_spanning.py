from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree

from harness.stages.embedding.cells import Cells, sorted_into_cells
from harness.stages.embedding.hubs import crowds_of
from harness.stages.embedding.spanning import spanning_tree
from tests.stages.embedding.embeddings import blobs
from tests.stages.embedding.test_reach import cores, squared


def mutual_reachability(cells: Cells, neighbours: int) -> np.ndarray:
    between = squared(cells.rows, cells.rows)
    core = np.sort(between, axis=1)[:, neighbours]
    return np.asarray(np.maximum(between, np.maximum(core[:, None], core[None])))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000), st.integers(1, 8), st.integers(1, 12), st.sampled_from([0.1, 0.4]), st.integers(1, 2))
def test_the_tree_is_as_short_as_scipy_finds_it(
    seed: int, channels: int, neighbours: int, spread: float, threads: int
) -> None:
    vectors, _ = blobs(150, channels, spread=spread, scattered=0.2, seed=seed)
    cells = sorted_into_cells(vectors, 0.8, 1)
    tree = spanning_tree(cells, *cores(cells, neighbours), np.zeros(150, bool), 0.0, threads)
    mutual = mutual_reachability(cells, neighbours)
    expected = minimum_spanning_tree(np.where(np.eye(150, dtype=bool), 0, mutual + 1e-9)).sum()
    assert tree.lengths.sum() == pytest.approx(expected, rel=1e-4)
    np.testing.assert_allclose(tree.lengths, mutual[tuple(tree.ends.T)], rtol=1e-3, atol=1e-5)
    assert (np.diff(tree.lengths) >= 0).all()


def test_gaps_above_the_resolution_are_exact() -> None:
    vectors, _ = blobs(400, 4, spread=0.1, scattered=0.2)
    cells = sorted_into_cells(vectors, 0.8, 1)
    tree = spanning_tree(cells, *cores(cells, 5), np.zeros(400, bool), 0.7, 1)
    mutual = mutual_reachability(cells, 5)
    expected = np.sort(minimum_spanning_tree(np.where(np.eye(400, dtype=bool), 0, mutual)).data)
    np.testing.assert_allclose(tree.lengths[tree.lengths > 0.49], expected[expected > 0.49], rtol=1e-4)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_equal_vectors_are_joined_too(count: int) -> None:
    cells = sorted_into_cells(np.ones((count, 3), np.float32), 0.0, 1)
    near = np.array([[other for other in range(count) if other != one] for one in range(count)], int).reshape(count, -1)
    tree = spanning_tree(cells, np.zeros(count, np.float32), near, np.zeros(count, bool), 0.5, 1)
    assert tree.lengths.tolist() == [0] * (count - 1)


def test_crowds_are_joined_as_well() -> None:
    rng = np.random.default_rng(0)
    vectors = np.concatenate([rng.normal(place, 0.1, (3000, 6)) for place in (0, 4)]).astype(np.float32)
    cells = sorted_into_cells(vectors, 3.0, 1)
    crowds = crowds_of(cells, 300, 40)
    assert crowds.inner.mean() > 0.9
    tree = spanning_tree(cells, *cores(cells, 40, crowds.few, 6), crowds.inner, 0.2, 2)
    graph = coo_array((np.ones(len(tree.ends)), tuple(tree.ends.T)), shape=(6000, 6000))
    assert connected_components(graph, directed=False)[0] == 1
    own = cells.own
    across = own[tree.ends[:, 0]] != own[tree.ends[:, 1]]
    gap = squared(cells.rows[own == 0], cells.rows[own == 1]).min()
    assert across.sum() == 1
    assert tree.lengths[across] == pytest.approx(gap, rel=0.1)
