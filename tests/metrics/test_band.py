"""CREMI's border band."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import LabelError
from harness.metrics.band import LEFT_OUT, banded_overlap, border_band
from tests.metrics import naive
from tests.metrics.images import Pair, hostile_pairs, pairs

VOLUME, _ = hostile_pairs()["shifted 3d"]
PLANE, _ = hostile_pairs()["shifted 2d"]


@pytest.mark.parametrize("width_um", [0.0, 1.0, 1.5, 4.0])
@pytest.mark.parametrize("image", [PLANE, VOLUME])
def test_a_band_is_what_lies_near_another_label_in_its_section(image: np.ndarray, width_um: float) -> None:
    spacing_um = (10.0, 0.5, 0.5)[-image.ndim :]
    assert np.array_equal(border_band(image, width_um, spacing_um), naive.cremi_band(image, width_um / 0.5))


@given(pairs(), st.floats(0, 3))
def test_any_small_image(images: Pair, width_um: float) -> None:
    truth = images[0]
    if truth.ndim in (2, 3):
        band = border_band(truth, width_um, (1.0,) * truth.ndim)
        assert np.array_equal(band, naive.cremi_band(truth, width_um))


def test_sections_of_one_label_have_no_band() -> None:
    volume = np.stack([np.ones((4, 4), int), np.tile([1, 1, 2, 2], (4, 1))])
    band = border_band(volume, 0.1, (1.0, 1.0, 1.0))
    assert not band[0].any()
    assert np.array_equal(band[1], np.tile([False, True, True, False], (4, 1)))


def test_the_band_has_a_label_of_its_own_in_the_table() -> None:
    truth = np.tile([1, 1, 2, 2], (4, 1))
    table = banded_overlap(truth, truth, (0.01, 0.01))
    assert table.truth_ids.tolist() == [LEFT_OUT]
    table = banded_overlap(truth, truth, (0.1, 0.1), ignore=truth == 2)
    assert table.truth_ids.tolist() == [1, LEFT_OUT]
    assert table.voxels == 8


@pytest.mark.parametrize(
    ("shape", "spacing_um", "message"),
    [
        ((4,), (1.0,), "found 1 axes"),
        ((4, 4), None, "the size of a voxel is unknown"),
        ((4, 4), (1.0, 2.0), r"voxels of one size in Y and X; found \(1\.0, 2\.0\) micrometres"),
        ((4, 4, 4), (1.0, 1.0, 2.0), r"voxels of one size in Y and X; found \(1\.0, 2\.0\) micrometres"),
        ((4, 4), (1.0, 1.0, 1.0), "3 numbers for an image of 2 axes"),
        ((4, 4), (0.0, 0.0), "accepted: positive numbers"),
    ],
)
def test_what_has_no_band_is_refused(
    shape: tuple[int, ...], spacing_um: tuple[float, ...] | None, message: str
) -> None:
    with pytest.raises(LabelError, match=message):
        border_band(np.ones(shape, int), 1.0, spacing_um)


def test_labels_below_zero_are_refused() -> None:
    with pytest.raises(LabelError, match="labels of 0 and above; found int64 from -1"):
        border_band(np.array([[0, -1]]), 1.0, (1.0, 1.0))
    with pytest.raises(LabelError, match=r"labels of 0 and above; found float64 from 0\.5"):
        border_band(np.array([[0.5, 1.5]]), 1.0, (1.0, 1.0))
