"""The size of a voxel: one positive number for each axis."""

from __future__ import annotations

import math

import pytest

from harness.errors import LabelError
from harness.metrics.spacing import checked_spacing


def test_sizes_are_floats() -> None:
    assert checked_spacing([1, 2], 2) == (1.0, 2.0)
    assert checked_spacing(None, 3) is None


@pytest.mark.parametrize("spacing", [(0, 1), (-1, 1), (math.nan, 1), (math.inf, 1), ("wide", 1), (None, 1)])
def test_what_is_no_size_is_refused(spacing: tuple[float, ...]) -> None:
    with pytest.raises(LabelError, match="accepted: positive numbers, the size of a voxel along each axis in um"):
        checked_spacing(spacing, 2)


def test_another_number_of_axes_is_refused() -> None:
    with pytest.raises(LabelError, match=r"the spacing 1 1 has 2 numbers for an image of 3 axes; accepted: 3"):
        checked_spacing((1, 1), 3)
