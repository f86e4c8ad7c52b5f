from __future__ import annotations

import numpy as np
import pytest

from harness.stages.embedding import _kernels
from harness.stages.embedding.cells import Cells, sorted_into_cells
from tests.stages.embedding.embeddings import blobs

RADIUS = 0.6


@pytest.fixture(scope="module")
def cells() -> Cells:
    vectors, _ = blobs(3000, 6, spread=0.2, scattered=0.1)
    return sorted_into_cells(vectors, 0.5, 1)


@pytest.fixture(scope="module")
def points() -> np.ndarray:
    return blobs(40, 6, spread=0.4, seed=5)[0]


def away(cells: Cells, points: np.ndarray) -> np.ndarray:
    return np.linalg.norm(points[:, None].astype(np.float64) - cells.rows[None], axis=2)


def running_sums(cells: Cells) -> np.ndarray:
    return np.concatenate([np.zeros((1, 6)), np.cumsum(cells.rows, axis=0, dtype=np.float64)])


@pytest.mark.parametrize("radius", [0.2, 0.6, 3.0, 50.0])
def test_a_window_holds_every_vector_within_the_radius(cells: Cells, points: np.ndarray, radius: float) -> None:
    block, total = np.empty(_kernels.BLOCK, np.float32), np.empty(6)
    for point, distances in zip(points, away(cells, points), strict=True):
        count = _kernels.window(
            cells.columns, running_sums(cells), cells.ring, cells.starts, cells.centres, point, radius, total, block
        )
        inside = distances <= radius
        assert count == inside.sum()
        np.testing.assert_allclose(total, cells.rows[inside].sum(axis=0, dtype=float), atol=1e-3)


def test_counts_are_strictly_within(cells: Cells, points: np.ndarray) -> None:
    inside = np.random.default_rng(0).random(len(cells.rows)) < 0.5
    counts = np.empty((len(points), 2), np.int64)
    _kernels.count_within(cells.columns, points, RADIUS, inside, counts)
    near = away(cells, points) < RADIUS
    np.testing.assert_array_equal(counts, np.stack([near.sum(axis=1), (near & inside).sum(axis=1)], axis=1))
    _kernels.count_within(cells.columns, cells.rows[:1], 0.0, inside, counts)
    assert counts[0].tolist() == [0, 0]


def climbed(cells: Cells, seeds: np.ndarray, most: int = 300) -> tuple[np.ndarray, np.ndarray]:
    ends, counts = np.empty_like(seeds), np.empty(len(seeds), np.int64)
    _kernels.climb(
        cells.columns, running_sums(cells), cells.ring, cells.starts, cells.centres, seeds, RADIUS, most, ends, counts
    )
    return ends, counts


def test_a_search_ends_at_a_mode_or_nowhere(cells: Cells) -> None:
    crowded = int((away(cells, cells.rows[:200]) <= RADIUS).sum(axis=1).argmax())
    ends, counts = climbed(cells, cells.rows[crowded : crowded + 1])
    again, _ = climbed(cells, ends, most=0)
    assert counts[0] > 1
    assert np.linalg.norm(again - ends) <= 1e-3 * RADIUS
    assert climbed(cells, np.full((1, 6), 100, np.float32))[1].tolist() == [0]
