from __future__ import annotations

import numpy as np
import pytest

from harness.stages.embedding.cells import sorted_into_cells
from harness.stages.embedding.hubs import crowds_of


@pytest.mark.parametrize(("neighbours", "every"), [(200, 10), (15, 5), (3, 1)])
def test_every_nth_vector_of_a_crowd_counts_for_n(neighbours: int, every: int) -> None:
    rng = np.random.default_rng(0)
    vectors = np.concatenate([rng.normal(0, 0.1, (5000, 3)), rng.normal(9, 0.1, (400, 3))]).astype(np.float32)
    cells = sorted_into_cells(vectors, 3.0, 1)
    crowds = crowds_of(cells, 500, neighbours)
    crowd = cells.own == np.bincount(cells.own).argmax()
    assert not crowds.inner[~crowd].any()
    assert crowds.inner[crowd].mean() == pytest.approx(0.95 if every > 1 else 0, abs=0.01)
    for hubs in (crowds.few, crowds.many):
        assert hubs.weights.sum() == 5400
        assert hubs.weights.max() == every
        np.testing.assert_array_equal(hubs.of[hubs.index], np.arange(len(hubs.index)))
        assert (hubs.of >= 0).sum() == len(hubs.index)
        np.testing.assert_array_equal(np.diff(hubs.starts), np.bincount(cells.own[hubs.index], minlength=2))
    assert (crowds.many.of[~crowds.inner] >= 0).all()
    assert len(crowds.few.index) == 400 + 5000 // every
