"""The size of a voxel, as given with a pair of images."""

from __future__ import annotations

import math
from collections.abc import Sequence

from harness.errors import LabelError


def checked_spacing(spacing: Sequence[float | str] | None, axes: int) -> tuple[float, ...] | None:
    """Return the size of a voxel, numbers or their text, as floats; None for None.

    Raises `LabelError` unless there is one positive finite number for each axis.
    """
    if spacing is None:
        return None
    shown = " ".join(str(step) for step in spacing)
    if len(spacing) != axes:
        raise LabelError(
            f"the spacing {shown} has {len(spacing)} numbers for an image of {axes} axes; accepted: {axes}"
        )
    try:
        sizes = tuple(float(step) for step in spacing)
    except (TypeError, ValueError):
        sizes = (math.nan,)
    if not all(math.isfinite(size) and size > 0 for size in sizes):
        raise LabelError(
            f"the spacing is {shown}; accepted: positive numbers, the size of a voxel along each axis in um"
        )
    return sizes
