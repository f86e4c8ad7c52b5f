from __future__ import annotations

import numpy as np
import pytest

from harness.errors import DataError
from harness.model import Volume
from tests.stages.chains import make, run


def grown(array: np.ndarray, spacing: tuple[float, ...] | None = None, **given: object) -> np.ndarray:
    volume = Volume(array, "ZYX"[-array.ndim :], spacing)
    return run([make("grow-labels", makes="pseudo", **given)], {"nuclei": volume})["pseudo"].array


def test_objects_grow_and_meet_half_way() -> None:
    array = np.zeros((9, 20), np.uint8)
    array[4, 4], array[4, 10] = 1, 2
    made = grown(array, distance=2.0)
    assert np.count_nonzero(made == 1) == 13
    met = grown(array, distance=8.0)
    assert met[4, 6] == 1
    assert met[4, 8] == 2
    np.testing.assert_array_equal(made[made > 0], met[made > 0])


def test_distances_are_those_of_space() -> None:
    array = np.zeros((5, 9, 9), np.uint8)
    array[2, 4, 4] = 1
    made = grown(array, (0.6, 0.3, 0.3), distance=0.6, unit="um")
    assert made[1, 4, 4] == made[2, 2, 4] == 1
    assert made[1, 3, 4] == 0
    np.testing.assert_array_equal(made, grown(array, (0.6, 0.3, 0.3), distance=2.0))


def test_nothing_grows_to_nothing_and_a_spacing_must_be_known() -> None:
    assert not grown(np.zeros((4, 4), np.uint16), distance=3.0).any()
    with pytest.raises(DataError, match="the voxel spacing is unknown"):
        grown(np.ones((4, 4), np.uint16), unit="um")
