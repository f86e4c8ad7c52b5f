from __future__ import annotations

import numpy as np
import pytest

from harness.stages.embedding import _reach
from harness.stages.embedding.cells import Cells, sorted_into_cells
from harness.stages.embedding.hubs import Hubs, crowds_of
from tests.stages.embedding.embeddings import blobs


@pytest.fixture(scope="module")
def cells() -> Cells:
    return sorted_into_cells(blobs(700, 4, spread=0.2, scattered=0.1)[0], 0.5, 1)


def squared(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return np.square(one[:, None].astype(np.float64) - other[None]).sum(axis=2)


def cores(cells: Cells, neighbours: int, hubs: Hubs | None = None, least: int = 0) -> tuple[np.ndarray, np.ndarray]:
    hubs = crowds_of(cells, 10**6, neighbours).many if hubs is None else hubs
    core = np.empty(len(cells.rows), np.float32)
    near = np.empty((len(core), max(neighbours, least)), np.int32)
    for points in np.array_split(np.arange(len(core)), 2):
        _reach.core_distances(
            np.ascontiguousarray(cells.columns[:, hubs.index]), cells.ring[hubs.index], hubs.starts, hubs.index,
            hubs.weights, hubs.of, cells.rows, cells.ring, cells.own, cells.centres, neighbours, least, points,
            core, near,
        )  # fmt: skip
    return core, near


@pytest.mark.parametrize("neighbours", [1, 7, 300])
def test_the_core_distance_is_that_of_the_nth_other_vector(cells: Cells, neighbours: int) -> None:
    core, near = cores(cells, neighbours)
    between = squared(cells.rows, cells.rows)
    np.testing.assert_allclose(core, np.sort(between, axis=1)[:, neighbours], rtol=1e-4, atol=1e-5)
    found = np.take_along_axis(between, near.astype(np.int64), axis=1)
    np.testing.assert_allclose(found, np.sort(between, axis=1)[:, 1 : neighbours + 1], rtol=1e-4, atol=1e-5)
    assert (near != np.arange(len(near))[:, None]).all()


def test_hubs_count_for_what_they_weigh() -> None:
    vectors = np.random.default_rng(0).normal(0, 0.1, (6000, 8)).astype(np.float32)
    cells = sorted_into_cells(vectors, 10.0, 1)
    hubs = crowds_of(cells, 1000, 40).few
    assert hubs.weights.max() == 6
    core, near = cores(cells, 40, hubs)
    exact = np.sort(squared(cells.rows[:500], cells.rows), axis=1)[:, 40]
    assert np.abs(np.sqrt(core[:500] / exact) - 1).mean() < 0.06
    assert abs(np.sqrt(core[:500] / exact).mean() - 1) < 0.03
    listed = near[near >= 0]
    assert np.isin(listed, hubs.index).all()
    assert len(listed) < 0.4 * near.size


def test_some_hubs_are_listed_however_much_they_weigh() -> None:
    cells = sorted_into_cells(np.random.default_rng(0).normal(0, 0.1, (3000, 4)).astype(np.float32), 10.0, 1)
    hubs = crowds_of(cells, 300, 30).few
    assert hubs.weights.max() == 10
    plain, listed = (cores(cells, 30, hubs, least) for least in (0, 9))
    np.testing.assert_array_equal(plain[0], listed[0])
    assert (listed[1] >= 0).sum(axis=1).min() == 9
    short = plain[1][:, :3]
    np.testing.assert_array_equal(listed[1][:, :3], short)


def test_the_shortest_edge_to_another_group() -> None:
    rows = np.array([[0.0], [0.1], [1.0], [1.5], [9.0]], np.float32)
    part = np.array([0, 0, 1, 2, 2])
    core = np.array([0.01, 0.01, 0.09, 0.16, 0.01], np.float32)
    length, other = np.full(5, np.inf, np.float32), np.full(5, -1)
    known = np.zeros(5, np.float32)
    columns, ring = np.ascontiguousarray(rows.T), rows[:, 0].copy()

    def search(group: list[int], points: list[int], limit: float) -> None:
        _reach.nearest_foreign(
            columns, core, ring, np.zeros((1, 1), np.float32), np.array([0, 3]), np.array([0, 2, 3, 5]), part,
            np.array(group), np.array(points), np.float32(limit), length, other, known,
        )  # fmt: skip

    search([0, 1, 2], [2], np.inf)
    assert (other[2], length[2], known[2]) == (3, pytest.approx(0.25), pytest.approx(0.25))
    search([0, 1, 1], [2], np.inf)
    assert (other[2], length[2]) == (1, pytest.approx(0.81))
    search([0, 1, 2], [4, 3], 0.1)
    assert other[4] == other[3] == -1
    assert known[4] == known[3] == pytest.approx(0.1)
