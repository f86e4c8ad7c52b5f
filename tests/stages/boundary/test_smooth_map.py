from __future__ import annotations

import numpy as np

from harness.model import Volume
from tests.stages.chains import make, run


def smoothed(array: np.ndarray, **given: object) -> np.ndarray:
    volume = Volume(array, "CZYX"[-array.ndim :] if array.ndim == 4 else "CYX", None, ("boundary",))
    return run([make("smooth-map", **given)], {"probability": volume})["probability"].array


def test_planes_are_smoothed_by_themselves_where_it_is_asked_for() -> None:
    array = np.zeros((1, 3, 9, 9), np.float32)
    array[0, 1, 4, 4] = 1
    apart, together = smoothed(array, by_plane=True), smoothed(array)
    assert not apart[0, [0, 2]].any()
    assert together[0, 0, 4, 4] > 0
    assert 0 < apart[0, 1, 4, 4] < 1


def test_nothing_is_smoothed_by_nothing_and_planes_have_no_planes() -> None:
    array = np.random.default_rng(0).random((1, 8, 8)).astype(np.float32)
    np.testing.assert_array_equal(smoothed(array, sigma=0.0), array)
    np.testing.assert_array_equal(smoothed(array, by_plane=True), smoothed(array))
