from __future__ import annotations

import numpy as np
import pytest

from harness.stages.embedding import _reach
from harness.stages.embedding.cells import Cells, sorted_into_cells
from tests.stages.embedding.embeddings import blobs


@pytest.fixture(scope="module")
def cells() -> Cells:
    return sorted_into_cells(blobs(700, 4, spread=0.2, scattered=0.1)[0], 0.5, 1)


def squared(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return np.square(one[:, None].astype(np.float64) - other[None]).sum(axis=2)


def cores(cells: Cells, neighbours: int) -> np.ndarray:
    core = np.empty(len(cells.rows), np.float32)
    for begin, end in ((0, 300), (300, 700)):
        _reach.core_distances(
            cells.columns, cells.rows, cells.ring, cells.starts, cells.centres, cells.own, neighbours, begin, end, core
        )
    return core


@pytest.mark.parametrize("neighbours", [1, 7, 300])
def test_the_core_distance_is_that_of_the_nth_other_vector(cells: Cells, neighbours: int) -> None:
    expected = np.sort(squared(cells.rows, cells.rows), axis=1)[:, neighbours]
    np.testing.assert_allclose(cores(cells, neighbours), expected, rtol=1e-4, atol=1e-5)


def test_the_tree_is_as_short_as_scipy_finds_it(cells: Cells) -> None:
    from scipy.sparse.csgraph import minimum_spanning_tree

    core = cores(cells, 5)
    mutual = np.maximum(squared(cells.rows, cells.rows), np.maximum(core[:, None], core[None]))
    np.fill_diagonal(mutual, 0)
    edges = np.empty((699, 3))
    _reach.spanning_tree(cells.columns.copy(), core.copy(), edges)
    assert edges[:, 2].sum() == pytest.approx(minimum_spanning_tree(mutual).sum(), rel=1e-4)
    ends = edges[:, :2].astype(int)
    np.testing.assert_allclose(edges[:, 2], mutual[ends[:, 0], ends[:, 1]], rtol=1e-4, atol=1e-5)
    assert set(ends.ravel()) == set(range(700))


def test_a_vector_joins_the_cluster_that_reaches_it() -> None:
    rows = np.array([[0.0], [0.1], [0.2], [5.0], [5.1]], np.float32)
    cells = sorted_into_cells(rows, 1.0, 1)
    labels = np.where(rows[cells.order, 0] < 1, 1, 2)
    points = np.array([[0.15], [0.9], [5.05], [5.4], [2.5]], np.float32)
    near = np.array([0, 0, 1, 1, 0])
    joined = np.empty(5, np.int64)
    reach = np.array([np.inf, 1.0, 1.0], np.float32)

    def join(neighbours: int) -> list[int]:
        _reach.join(
            cells.columns, cells.ring, cells.starts, cells.centres, labels, reach, neighbours, points, near, joined
        )
        return [int(label) for label in joined]

    assert join(1) == [1, 1, 2, 2, 0]
    assert join(3) == [1, 1, 0, 0, 0]
