from __future__ import annotations

import numpy as np
import pytest

from harness.stages.embedding import _approach
from harness.stages.embedding.cells import sorted_into_cells
from tests.stages.embedding.embeddings import blobs
from tests.stages.embedding.test_kernels import RADIUS, climbed, running_sums


@pytest.mark.parametrize("enough", [1, 50, 10**6])
def test_searches_that_come_near_a_mode_or_find_nothing(enough: int) -> None:
    cells = sorted_into_cells(blobs(3000, 6, spread=0.2, scattered=0.1)[0], 0.5, 1)
    ends, counts = climbed(cells, cells.rows[::100])
    strongest = ends[[counts.argmax()]]
    near = np.linalg.norm(ends - strongest, axis=1) <= 0.1
    seeds = np.concatenate([cells.rows[::100], np.full((1, 6), 100, np.float32)])
    reached = np.empty(len(seeds), bool)
    every = (cells.columns, running_sums(cells), cells.ring, cells.starts)
    modes = np.ascontiguousarray(strongest.T)
    _approach.approach(*every, *every, cells.centres, enough, modes, 0.2, seeds, RADIUS, 300, reached)
    assert reached[-1]
    assert near.sum() > 3
    assert reached[:-1][near].all()
    assert not reached[:-1].all()


def test_a_point_moves_to_the_mean() -> None:
    point = np.array([1, 1], np.float32)
    assert _approach.move(point, np.array([8.0, 10.0]), 2) == 5
    assert point.tolist() == [4, 5]
