from __future__ import annotations

import numpy as np
import pytest

from harness.datasets.phantoms.parameters import ImageParameters
from harness.datasets.phantoms.rosette import colours, draw_leaves


def leaves(shape: tuple[int, int], objects: int | None = None, seed: int = 0) -> np.ndarray:
    return draw_leaves(ImageParameters(shape=shape, objects=objects), np.random.default_rng(seed))


@pytest.mark.parametrize("objects", [0, 1, 2, 20])
@pytest.mark.parametrize("shape", [(1, 1), (3, 40), (64, 48)])
def test_any_size_and_number_gives_a_plant(shape: tuple[int, int], objects: int) -> None:
    found = leaves(shape, objects)
    assert found.shape == shape
    assert 1 <= len(np.unique(found[found > 0])) <= max(1, objects)


def test_the_oldest_leaf_lies_below_the_one_across_it() -> None:
    found = leaves((128, 128))
    ids, sizes = np.unique(found[found > 0], return_counts=True)
    assert set(ids) >= {1, 9}
    assert sizes[ids.tolist().index(1)] > sizes[ids.tolist().index(9)]


def test_leaves_are_green_and_differ() -> None:
    found = leaves((96, 96))
    light = colours(found, np.random.default_rng(1))
    leaf = found > 0
    assert light["green"][leaf].mean() > 2 * light["green"][~leaf].mean()
    assert (light["green"][leaf] > light["red"][leaf]).all()
    assert len(np.unique(light["green"][leaf])) == len(np.unique(found)) - 1
