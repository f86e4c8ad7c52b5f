"""Resampling of arrays between grids that cover the same extent.

Both grids cover the same physical box and voxels are areas, not points: the centre of target voxel i lies at
(i + 0.5) * n_source / n_target - 0.5 in source voxels. No smoothing precedes a reduction.
"""

from __future__ import annotations

import numpy as np


def nearest(array: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Return the spatial array at another shape by nearest neighbour: the same dtype, only values that occur."""
    for axis, (old, new) in enumerate(zip(array.shape, shape, strict=True)):
        if old != new:
            index = ((2 * np.arange(new, dtype=np.int64) + 1) * old) // (2 * new)
            array = np.take(array, index, axis=axis)
    return array


def spline(array: np.ndarray, shape: tuple[int, ...], order: int) -> np.ndarray:
    """Return the spatial array at another shape as float32 by splines of an order from 1 to 5; borders repeat."""
    from scipy.ndimage import zoom

    factors = [new / old for old, new in zip(array.shape, shape, strict=True)]
    values = array.astype(np.float32, copy=False)
    return np.asarray(zoom(values, factors, order=order, mode="nearest", grid_mode=True))


def isotropic_shape(shape: tuple[int, ...], spacing: tuple[float, ...], target: float) -> tuple[int, ...]:
    """Return the shape whose voxels have an edge of `target` (unit of `spacing`), rounded, at least 1 per axis."""
    return tuple(max(1, round(length * step / target)) for length, step in zip(shape, spacing, strict=True))
