from __future__ import annotations

import threading

import numpy as np
import pytest

from harness.stages.embedding.cells import in_parts, nearest_of, sorted_into_cells
from tests.stages.embedding.embeddings import blobs


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("radius", [0.0, 0.5, 100.0])
def test_vectors_are_sorted_by_cell_and_distance(radius: float, threads: int) -> None:
    vectors, _ = blobs(500, 5, spread=0.2, scattered=0.2)
    cells = sorted_into_cells(vectors, radius, threads)
    np.testing.assert_array_equal(cells.rows, vectors[cells.order])
    np.testing.assert_array_equal(cells.columns, cells.rows.T)
    assert cells.starts[-1] == 500
    assert cells.centres.shape[1] == len(cells.starts) - 1 <= 256
    for cell, (begin, end) in enumerate(zip(cells.starts, cells.starts[1:], strict=False)):
        assert (cells.own[begin:end] == cell).all()
        away = np.linalg.norm(cells.rows[begin:end] - cells.centres[:, cell], axis=1)
        np.testing.assert_allclose(cells.ring[begin:end], away, atol=1e-4)
        assert (np.diff(cells.ring[begin:end]) >= 0).all()


def test_the_nearest_centre() -> None:
    vectors, _ = blobs(400, 4, spread=0.3)
    centres = vectors[::50]
    number, away = nearest_of(vectors, centres, 2)
    distances = np.linalg.norm(vectors[:, None] - centres[None], axis=2)
    np.testing.assert_array_equal(number, distances.argmin(axis=1))
    np.testing.assert_allclose(away, distances.min(axis=1), atol=1e-4)


@pytest.mark.parametrize("threads", [1, 3])
def test_parts_cover_everything_once(threads: int) -> None:
    counted = np.zeros(23, int)
    lock = threading.Lock()

    def task(part: slice) -> None:
        with lock:
            counted[part] += 1

    in_parts(task, 23, threads, 5)
    assert (counted == 1).all()
    in_parts(task, 0, threads, 5)
    assert (counted == 1).all()


def test_what_a_task_raises_is_raised() -> None:
    def task(part: slice) -> None:
        raise ValueError(f"from {part.start}")

    with pytest.raises(ValueError, match="from 0"):
        in_parts(task, 10, 2, 5)
