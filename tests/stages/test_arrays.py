from __future__ import annotations

import numpy as np
import pytest

from harness.errors import DataError
from harness.model import Grid, Volume
from harness.stages.arrays import (
    channel_of,
    compact,
    drop_small,
    labels_on,
    require_same_grid,
    sigma_per_axis,
    spacing_of,
)
from tests.stages.chains import image, make


def test_channel_of_picks_the_named_or_the_only_channel() -> None:
    two = image(np.stack([np.zeros((3, 4)), np.ones((3, 4))]), channels=("a", "b"))
    assert channel_of(two, "b", "here").tolist() == np.ones((3, 4)).tolist()
    one = image(np.ones((3, 4), dtype=np.uint8))
    assert channel_of(one, "", "here").dtype == np.float32
    assert channel_of(one, "raw", "here").shape == (3, 4)


def test_channel_of_says_what_is_wrong() -> None:
    two = image(np.zeros((2, 3, 4)), channels=("nuclei", "wall"))
    with pytest.raises(DataError, match="2 channels \\(nuclei, wall\\); name one"):
        channel_of(two, "", "here")
    with pytest.raises(DataError, match="no channel 'walls'; did you mean 'wall'"):
        channel_of(two, "walls", "here")
    bad = np.zeros((3, 4))
    bad[0, :3] = np.nan, np.inf, -np.inf
    with pytest.raises(DataError, match="here: 3 of 12 image values are NaN or infinite"):
        channel_of(image(bad), "", "here")
    with pytest.raises(DataError, match="empty"):
        channel_of(image(np.zeros((0, 4))), "", "here")


def test_sigma_follows_the_spacing() -> None:
    grid = Grid("ZYX", (4, 4, 4), (1.0, 0.25, 0.25))
    assert sigma_per_axis(2.0, "px", grid, "here") == (0.5, 2.0, 2.0)
    assert sigma_per_axis(0.5, "um", grid, "here") == (0.5, 2.0, 2.0)
    unknown = Grid("ZYX", (4, 4, 4))
    assert sigma_per_axis(2.0, "px", unknown, "here") == (2.0, 2.0, 2.0)
    with pytest.raises(DataError, match="here: the voxel spacing is unknown"):
        sigma_per_axis(2.0, "um", unknown, "here")
    with pytest.raises(DataError, match="spacing"):
        spacing_of(unknown, "here")


def test_different_grids_are_refused() -> None:
    volumes = {"labels": image(np.zeros((3, 4))), "probability": image(np.zeros((2, 3, 5)), channels=("a", "b"))}
    with pytest.raises(DataError, match=r"labels \(3, 4\), probability \(3, 5\)"):
        require_same_grid(volumes, "here")


def test_labels_lie_on_the_spatial_grid() -> None:
    volume = Volume(np.zeros((2, 3, 4)), "CYX", (1.0, 2.0), ("a", "b"))
    assert labels_on(np.zeros((3, 4), dtype=np.uint32), volume).grid == volume.grid


@pytest.mark.parametrize("offset", [0, 7, 2**62])
def test_compact_keeps_order_and_zero(offset: int) -> None:
    ids = np.array([[0, 5, 5], [9, 0, 3]], dtype=np.uint64)
    shifted = np.where(ids > 0, ids + np.uint64(offset), 0).astype(np.uint64)
    assert compact(shifted).tolist() == [[0, 2, 2], [3, 0, 1]]
    assert compact(shifted).dtype == np.uint32
    assert compact(np.zeros((0, 3), dtype=np.uint8)).shape == (0, 3)
    assert compact(np.full((2, 2), 4)).tolist() == [[1, 1], [1, 1]]


def test_drop_small_renumbers() -> None:
    assert drop_small(np.array([0, 1, 2, 2, 3, 3]), 2).tolist() == [0, 0, 1, 1, 2, 2]
    assert drop_small(np.array([0, 1, 2, 2]), 0).tolist() == [0, 1, 2, 2]
    assert drop_small(np.zeros(0, dtype=np.int64), 2).tolist() == []


def test_slots_are_bound_per_instance() -> None:
    before, after = make("foreground-filter", target="superpixels"), make("foreground-filter")
    assert (before.reads(), before.makes()) == (("superpixels", "probability"), ("superpixels",))
    assert (after.reads(), after.makes()) == (("labels", "probability"), ("labels",))
