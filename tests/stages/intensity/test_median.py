from __future__ import annotations

import numpy as np
import pytest

from harness.errors import DataError
from tests.stages.chains import image, make, run


def test_a_lone_bright_voxel_is_gone_and_an_edge_stays() -> None:
    array = np.zeros((9, 9), np.uint16)
    array[:, 5:] = 100
    array[4, 2] = 999
    made = run([make("median")], {"image": image(array, (0.5, 0.5))})["image"]
    assert (made.axes, made.spacing_um, made.array.dtype) == ("YX", (0.5, 0.5), np.float32)
    array[4, 2] = 0
    np.testing.assert_array_equal(made.array, array)


def test_radii_are_those_of_the_axes() -> None:
    array = np.zeros((5, 5, 5))
    array[:, 2, 2] = 1
    along = run([make("median", radius=[2, 0, 0])], {"image": image(array)})["image"].array
    across = run([make("median", radius=[0, 1, 1])], {"image": image(array)})["image"].array
    np.testing.assert_array_equal(along, array)
    assert not across.any()


def test_channels_do_not_mix() -> None:
    array = np.random.default_rng(0).normal(size=(2, 12, 12))
    made = run([make("median")], {"image": image(array, None, ("a", "b"))})["image"]
    for number in range(2):
        alone = run([make("median")], {"image": image(array[number])})["image"].array
        np.testing.assert_array_equal(made.array[number], alone)


def test_radii_of_other_axes_are_refused() -> None:
    with pytest.raises(DataError, match="accepted: one number, or one for each of YX"):
        run([make("median", radius=[1, 1, 1])], {"image": image(np.zeros((4, 4)))})
