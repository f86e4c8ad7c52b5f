from __future__ import annotations

import numpy as np

from harness.metrics.map_pairs import Maps, neighbours


def test_small_integers_do_not_wrap_around() -> None:
    assert Maps(np.array([255], np.uint8), np.array([0], np.uint8)).apart().tolist() == [255.0]
    assert Maps(np.array([255], np.uint8), np.array([200], np.uint8)).apart().tolist() == [55.0]


def test_only_what_is_compared_is_apart() -> None:
    maps = Maps(np.zeros((2, 2)), np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[True, False], [False, True]]))
    assert maps.apart().tolist() == [1.0, 4.0]


def test_neighbours_along_each_axis() -> None:
    array = np.arange(6).reshape(2, 3)
    assert [part.tolist() for part in neighbours(array, 0)] == [[[0, 1, 2]], [[3, 4, 5]]]
    assert [part.tolist() for part in neighbours(array, 1)] == [[[0, 3], [1, 4]], [[1, 4], [2, 5]]]
