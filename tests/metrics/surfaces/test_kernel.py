"""The compiled loops, one by one, on arrays small enough to say what they must write."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra import numpy as hnp
from scipy.ndimage import binary_erosion, distance_transform_edt

from harness.metrics.surfaces.kernel import code_corners, mark_border, nearest_in_columns, nearest_in_planes

FAR = np.int16(32767)
VOLUMES = hnp.arrays(np.uint8, (2, 5, 6), elements={"min_value": 0, "max_value": 1})


def test_corners_are_coded_by_their_neighbours() -> None:
    mask = np.zeros((1, 4, 4), np.uint8)
    mask[0, 1:3, 1:3] = [[1, 0], [1, 1]]
    codes = np.empty((1, 3, 3), np.uint8)
    code_corners(mask, codes)
    assert codes[0].tolist() == [[0b0001, 0b0010, 0b0000], [0b0101, 0b1011, 0b0010], [0b0100, 0b1100, 0b1000]]


def test_corners_within_an_object_are_none() -> None:
    codes = np.empty((2, 2, 2), np.uint8)
    code_corners(np.ones((3, 3, 3), np.uint8), codes)
    assert not codes.any()


@given(VOLUMES)
def test_border_voxels_are_those_that_erosion_takes(mask: np.ndarray) -> None:
    border = np.empty_like(mask)
    mark_border(np.pad(mask, 1), border)
    assert np.array_equal(border > 0, (mask > 0) & ~binary_erosion(mask > 0))


@given(VOLUMES)
def test_columns_know_their_nearest_element(elements: np.ndarray) -> None:
    near = np.empty(elements.shape, np.int16)
    nearest_in_columns(elements, near, FAR)
    for plane, found in zip(elements, near, strict=True):
        for column, away in zip(plane.T, found.T, strict=True):
            places = np.flatnonzero(column)
            assert away.tolist() == [min(abs(places - row)) if places.size else FAR for row in range(column.size)]


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (1.0, 0.5, 4.0), (1.0, 4.0, 0.5)])
@given(VOLUMES)
def test_planes_know_their_nearest_column(spacing: tuple[float, ...], elements: np.ndarray) -> None:
    near, columns_off = np.empty(elements.shape, np.int16), np.empty(elements.shape, np.int16)
    nearest_in_columns(elements, near, FAR)
    nearest_in_planes(near, np.array(spacing), columns_off, FAR)
    for plane, rows_off, found in zip(elements, near, columns_off, strict=True):
        if not plane.any():
            assert (found == FAR).all()
            continue
        rows, columns = np.indices(plane.shape)
        along = rows_off[rows, columns + found]
        expected = distance_transform_edt(plane == 0, sampling=spacing[1:])
        assert np.hypot(along * spacing[1], found * spacing[2]) == pytest.approx(expected, abs=1e-12)
