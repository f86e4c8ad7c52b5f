from __future__ import annotations

import numpy as np
import pytest

from harness.stages.boundary.mutex_watershed_pixels import strongest_between
from tests.stages.chains import labels_of, make, probability, walls

pytest.importorskip("bioimage_cpp", reason="bioimage-cpp is not installed")


def test_strongest_between_looks_back_along_the_axis() -> None:
    row = np.array([[0.0, 0.9, 0.1, 0.2, 0.0]], dtype=np.float32)
    assert strongest_between(row, 1, 1)[0] == pytest.approx([0, 0.9, 0.9, 0.2, 0.2])
    assert strongest_between(row, 1, 2)[0] == pytest.approx([0, 0.9, 0.9, 0.9, 0.2])
    assert strongest_between(row, 0, 3).tolist() == row.tolist()


def test_a_wall_separates() -> None:
    boundary = np.zeros((20, 21), dtype=np.float32)
    boundary[:, 10] = 1
    made = labels_of([make("mutex-watershed-pixels")], {"probability": probability(boundary)})
    assert made.max() == 2
    assert (made[:, :9] == made[0, 0]).all()
    assert (made[:, 12:] == made[0, -1]).all()


def test_cells_are_recovered() -> None:
    boundary, tissue = walls((16, 64, 64), 12, seed=4, noise=0.02)
    made = labels_of([make("mutex-watershed-pixels")], {"probability": probability(boundary)})
    assert made.min() == 1
    purity = [np.bincount(made[tissue == number]).max() for number in np.unique(tissue)]
    assert sum(purity) / made.size > 0.75


@pytest.mark.parametrize("shape", [(1, 1), (2, 2), (1, 3, 4)])
@pytest.mark.parametrize("level", [0.0, 1.0])
def test_small_and_constant_maps(shape: tuple[int, ...], level: float) -> None:
    made = labels_of([make("mutex-watershed-pixels")], {"probability": probability(np.full(shape, level))})
    assert (made == 1).all()
