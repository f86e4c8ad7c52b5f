from __future__ import annotations

import numpy as np
import pytest

from harness.errors import DataError, ParameterError
from harness.model import Grid
from harness.stages.prompting.planes import PlaneOptions, lifted, plane_of


def options(**parameters: int) -> PlaneOptions:
    return PlaneOptions.read(parameters, "here")


def test_a_plane_is_its_own_only_one_and_a_volume_has_those_asked_for() -> None:
    assert options(first_plane=3, every=9).planes(Grid("YX", (4, 5)), "here") == (0,)
    assert options().planes(Grid("ZYX", (3, 4, 5)), "here") == (0, 1, 2)
    assert options(first_plane=1, every=4).planes(Grid("ZYX", (10, 4, 5)), "here") == (1, 5, 9)


def test_a_first_plane_behind_the_last_one_is_an_error() -> None:
    with pytest.raises(DataError, match="'first_plane' is 3; accepted: below the 3 planes"):
        options(first_plane=3).planes(Grid("ZYX", (3, 4, 5)), "here")
    with pytest.raises(ParameterError):
        options(every=0)


def test_planes_of_arrays_with_and_without_channels() -> None:
    volume = np.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5)
    np.testing.assert_array_equal(plane_of(volume, 3, 1), volume[:, 1])
    np.testing.assert_array_equal(plane_of(volume[0], 3, 2), volume[0, 2])
    np.testing.assert_array_equal(plane_of(volume[:, 0], 2, 0), volume[:, 0])


def test_positions_get_the_plane_in_front() -> None:
    assert lifted((1.5, 2.5), 4.5, 2) == (1.5, 2.5)
    assert lifted((1.5, 2.5), 4.5, 3) == (4.5, 1.5, 2.5)
