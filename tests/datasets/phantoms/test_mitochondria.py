from __future__ import annotations

import numpy as np

from harness.datasets.phantoms.mitochondria import micrograph


def test_bodies_are_dark_with_a_darker_rim_and_membranes_stop_at_them() -> None:
    bodies = np.zeros((40, 40), dtype=np.uint16)
    bodies[10:30, 10:30] = 1
    neurites = np.ones((40, 40), dtype=np.uint16)
    neurites[:, 20:] = 2
    light = micrograph(bodies, neurites, np.random.default_rng(0))
    assert light[0, 0] > light[15:25, 15:25].mean() > light[10, 10:30].mean()
    assert light[5, 20] < light[5, 10]
    assert set(light[15:25, 19].tolist()) <= set(light[15:25, 12:28].ravel().tolist())


def test_nothing_but_membranes_without_bodies() -> None:
    light = micrograph(np.zeros((8, 8), np.uint16), np.ones((8, 8), np.uint16), np.random.default_rng(0))
    assert np.unique(light).size == 1
