from __future__ import annotations

import numpy as np
import pytest

from harness.errors import DataError
from tests.stages.chains import labels, labels_of, make, probability


def walls() -> np.ndarray:
    """Return a wall at X = 8 and one at X = 16, of a plane of 10 x 24."""
    boundary = np.zeros((10, 24), np.float32)
    boundary[:, [8, 16]] = 1
    return boundary


def flooded(seeds: np.ndarray, boundary: np.ndarray, **given: object) -> np.ndarray:
    slots = {"probability": probability(boundary), "nuclei": labels(seeds)}
    return labels_of([make("seeded-watershed", **{"sigma": 0.0, **given})], slots)


def test_there_are_as_many_cells_as_seeds_and_a_cell_without_one_goes_to_its_neighbours() -> None:
    seeds = np.zeros((10, 24), np.uint16)
    seeds[5, 3], seeds[5, 20] = 7, 9
    made = flooded(seeds, walls())
    assert np.unique(made).tolist() == [1, 2]
    assert (made[:, :8] == 1).all()
    assert (made[:, 17:] == 2).all()


def test_two_seeds_cut_one_cell() -> None:
    seeds = np.zeros((10, 24), np.uint16)
    seeds[2, 3], seeds[8, 3], seeds[5, 12], seeds[5, 20] = 1, 2, 3, 4
    made = flooded(seeds, walls(), sigma=0.5)
    assert {1, 2} <= set(np.unique(made[:, :8]))
    assert (made[:, 9:16] == 3).all()


def test_no_seed_gives_no_cell() -> None:
    assert not flooded(np.zeros((10, 24), np.uint8), walls()).any()


def test_another_grid_is_refused() -> None:
    with pytest.raises(DataError, match="lie on different grids"):
        flooded(np.zeros((4, 24), np.uint8), walls())
