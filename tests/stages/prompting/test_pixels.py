from __future__ import annotations

import numpy as np
import pytest

from harness.errors import DataError
from harness.model import Volume
from harness.stages.prompting.pixels import MEAN, STD, as_rgb, fitted, fitted_shape, network_input


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.int32, np.float32, np.float64])
def test_grey_values_of_any_type_are_spread_over_eight_bits(kind: type) -> None:
    array = np.array([[0, 50], [100, 200]], dtype=kind)
    rgb = as_rgb(Volume(array, "YX"), 0, "min-max", "here")
    assert rgb.dtype == np.uint8
    assert rgb.shape == (2, 2, 3)
    assert rgb[..., 0].tolist() == [[0, 63], [127, rgb.max()]]
    assert rgb.max() >= 254
    assert (rgb == rgb[..., :1]).all()


def test_channels_become_colours() -> None:
    array = np.zeros((3, 2, 2), dtype=np.uint16)
    array[0, 0, 0] = array[1, 0, 1] = array[2, 1, 0] = 9
    three = as_rgb(Volume(array, "CYX", channels=("a", "b", "c")), 0, "min-max", "here")
    assert (three > 200).nonzero()[2].tolist() == [0, 1, 2]
    two = as_rgb(Volume(array[:2], "CYX", channels=("a", "b")), 0, "min-max", "here")
    assert not two[..., 2].any()


def test_a_plane_of_one_value_is_black() -> None:
    assert not as_rgb(Volume(np.full((3, 4), 77.0), "YX"), 0, "min-max", "here").any()


def test_planes_of_a_volume_are_spread_by_themselves() -> None:
    volume = Volume(np.stack([np.array([[0, 10]]), np.array([[0, 1000]])]).astype(np.uint16), "ZYX")
    assert as_rgb(volume, 0, "min-max", "here")[0, 1, 0] == as_rgb(volume, 1, "min-max", "here")[0, 1, 0]


def test_eight_bits_can_be_taken_as_they_are() -> None:
    array = np.array([[3, 9]], dtype=np.uint8)
    assert as_rgb(Volume(array, "YX"), 0, "as-is", "here")[0, :, 0].tolist() == [3, 9]
    with pytest.raises(DataError, match="for an image of uint16; accepted: uint8"):
        as_rgb(Volume(array.astype(np.uint16), "YX"), 0, "as-is", "here")


def test_five_channels_nothing_and_nan_are_errors() -> None:
    with pytest.raises(DataError, match="has 5 channels; accepted: 1, 2 or 3"):
        as_rgb(Volume(np.zeros((5, 4, 4)), "CYX", channels=tuple("abcde")), 0, "min-max", "here")
    with pytest.raises(DataError, match="empty"):
        as_rgb(Volume(np.zeros((0, 4)), "YX"), 0, "min-max", "here")
    with pytest.raises(DataError, match="NaN or infinite"):
        as_rgb(Volume(np.array([[np.nan, 1.0]]), "YX"), 0, "min-max", "here")


@pytest.mark.parametrize(
    ("shape", "wanted"),
    [((300, 400), (768, 1024)), ((1, 1), (1024, 1024)), ((3, 4000), (1, 1024)), ((2, 3), (683, 1024))],
)
def test_the_longer_side_is_brought_to_the_size(shape: tuple[int, int], wanted: tuple[int, int]) -> None:
    assert fitted_shape(shape, 1024) == wanted


def test_images_smaller_and_larger_than_the_input_fit() -> None:
    for shape in ((3, 2), (90, 70)):
        rgb = np.full((*shape, 3), 120, dtype=np.uint8)
        assert (fitted(rgb, 16) == 120).all()
        made = network_input(rgb, 16)
        height, width = fitted_shape(shape, 16)
        assert made.shape == (3, 16, 16)
        assert made[0, :height, :width] == pytest.approx((120 - MEAN[0]) / STD[0], abs=1e-5)
        assert not made[:, height:].any()
        assert not made[:, :, width:].any()
