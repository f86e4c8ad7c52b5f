from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.stages.cellpose.stitching import mended, stitched


def planes(seed: int, count: int = 5, size: int = 24) -> np.ndarray:
    """Return planes of overlapping boxes, each with at least one object and consecutive ids."""
    rng = np.random.default_rng(seed)
    masks = np.zeros((count, size, size), dtype=np.uint16)
    for plane in masks:
        for number in range(1, int(rng.integers(2, 8))):
            y, x = rng.integers(0, size - 6, size=2)
            plane[y : y + 6, x : x + 6] = number
        plane[:] = np.unique(plane, return_inverse=True)[1].reshape(plane.shape) + (plane.min() > 0)
    return masks


@pytest.mark.parametrize("threshold", [0.1, 0.25, 0.9])
def test_equals_the_library_where_it_is_right(threshold: float) -> None:
    utils = pytest.importorskip("cellpose.utils")
    for seed in range(40):
        masks = planes(seed)
        expected = np.stack(utils.stitch3D(masks.copy(), stitch_threshold=threshold))
        np.testing.assert_array_equal(stitched(masks, threshold), expected, err_msg=str(seed))


def test_ids_go_on_after_an_empty_plane() -> None:
    masks = np.zeros((4, 4, 8), dtype=np.uint16)
    masks[0, :2, :2], masks[0, :2, 4:6] = 1, 2
    masks[2, 2:, :2], masks[3, 2:, :2] = 1, 1
    made = stitched(masks, 0.25)
    assert [np.unique(plane[plane > 0]).tolist() for plane in made] == [[1, 2], [], [3], [3]]


def test_more_objects_than_16_bits_count() -> None:
    ids = np.arange(1, 40_001, dtype=np.uint16).reshape(200, 200)
    made = stitched(np.stack([ids, np.zeros_like(ids), ids]), 0.5)
    assert made.dtype == np.uint32
    assert len(np.unique(made)) == 80_001


@given(st.integers(0, 10_000), st.sampled_from([0.1, 0.5, 1.0]))
def test_every_object_of_a_plane_keeps_its_pixels_and_ids_are_consecutive(seed: int, threshold: float) -> None:
    masks = planes(seed)
    masks[seed % 5] = 0
    made = stitched(masks, threshold)
    for before, after in zip(masks, made, strict=True):
        np.testing.assert_array_equal(before > 0, after > 0)
        assert all(len(np.unique(after[before == number])) == 1 for number in np.unique(before))
    assert np.unique(made[made > 0]).tolist() == list(range(1, int(made.max()) + 1))


def test_the_library_is_left_as_it_was() -> None:
    utils = pytest.importorskip("cellpose.utils")
    own = utils.stitch3D
    with mended():
        assert utils.stitch3D is stitched
    assert utils.stitch3D is own
