from __future__ import annotations

import numpy as np

from harness.stages.classical.seeds import flood, maxima, otsu_mask


def test_otsu_on_two_levels_and_on_one() -> None:
    image = np.array([[1.0, 1.0, 9.0], [1.0, 9.0, 9.0]], dtype=np.float32)
    assert otsu_mask(image, bright=True).tolist() == (image > 5).tolist()
    assert otsu_mask(-image, bright=False).tolist() == (image > 5).tolist()
    assert not otsu_mask(np.full((3, 3), 7.0), bright=True).any()


def test_plateaus_and_borders_are_one_seed_each() -> None:
    height = np.array([[3.0, 1, 2, 2, 1, 5]])
    assert maxima(height, np.ones_like(height, dtype=bool)).tolist() == [[1, 0, 2, 2, 0, 3]]
    assert maxima(height, height < 5).tolist() == [[1, 0, 2, 2, 0, 0]]
    assert not maxima(np.ones((3, 3)), np.ones((3, 3), dtype=bool)).any()


def test_flood_stays_in_the_mask_and_drops_small_objects() -> None:
    height = np.array([[3.0, 2, 1, 2, 0, 4]])
    seeds = np.array([[1, 0, 0, 2, 0, 3]])
    mask = np.array([[True, True, True, True, False, True]])
    assert flood(height, seeds, mask, 0)[0, [0, 1, 3, 4, 5]].tolist() == [1, 1, 2, 0, 3]
    assert flood(height, seeds, mask, 2)[0, -1] == 0
    assert not flood(height, np.zeros_like(seeds), mask, 0).any()
