"""What the elements of a surface are, and what each of them counts."""

from __future__ import annotations

import math
from functools import cache
from typing import Literal

import numpy as np

Elements = Literal["surfels", "voxels"]
"""What a surface is made of.

surfels  one element per corner of the voxel grid whose 2 x 2 (x 2) neighbours are not alike; it counts the length (2D)
         or the area (3D) of the surface that marching squares (cubes) puts between them, at a level half way. So does
         `surface-distance` of DeepMind.
voxels   one element per voxel of the object that has a face in common with a voxel outside it; each counts 1. So do
         MetricsReloaded and panoptica.

Beyond the image there is only background.
"""

_CORNERS = 8


def weights(elements: Elements, spacing: tuple[float, ...]) -> np.ndarray:
    """Return what an element counts by its code, (16,) in 2D or (256,) in 3D for surfels, (2,) for voxels; float64.

    `spacing` has one number per axis, two or three of them. Surfels count in its unit, or its square in 3D.
    """
    if elements == "voxels":
        return np.array([0.0, 1.0])
    return _lengths(*spacing) if len(spacing) == 2 else _areas(*spacing)


def _lengths(per_row: float, per_column: float) -> np.ndarray:
    """Return the length of the contour among four pixels, whose bits are 8, 4 (upper row) and 2, 1 (lower row)."""
    corner = math.hypot(per_row, per_column) / 2
    lengths = np.full(16, corner)
    lengths[[0b0000, 0b1111]] = 0
    lengths[[0b1100, 0b0011]] = per_column
    lengths[[0b1010, 0b0101]] = per_row
    lengths[[0b1001, 0b0110]] = 2 * corner
    return lengths


@cache
def _areas(per_plane: float, per_row: float, per_column: float) -> np.ndarray:
    """Return the area of the surface among eight voxels: that of the triangles of Lorensen's marching cubes.

    Bits are 128 to 16 in the first plane and 8 to 1 in the second, in either as in 2D. A neighbourhood and its
    complement have one surface; that with fewer voxels inside is triangulated, as `surface-distance` does.
    """
    areas = np.zeros(1 << _CORNERS)
    scale = np.array((per_plane, per_row, per_column))
    for code, triangles in enumerate(_triangles()):
        if triangles is not None:
            sides = triangles * scale
            across = np.cross(sides[:, 1] - sides[:, 0], sides[:, 2] - sides[:, 0])
            areas[code] = np.linalg.norm(across, axis=1).sum() / 2
    return areas


@cache
def _triangles() -> tuple[np.ndarray | None, ...]:
    """Return the triangles of each of 256 neighbourhoods, (n, 3, 3) in voxels; None for the two without a surface."""
    from skimage.measure import marching_cubes

    bits = 1 << np.arange(_CORNERS - 1, -1, -1).reshape(2, 2, 2)
    found: list[np.ndarray | None] = []
    for code in range(1 << _CORNERS):
        smaller = code if code.bit_count() <= _CORNERS // 2 else ~code & 0xFF
        if smaller == 0:
            found.append(None)
            continue
        inside = ((smaller & bits) > 0).astype(np.float32)
        points, faces, _, _ = marching_cubes(inside, 0.5, method="lorensen", allow_degenerate=True)
        found.append(points[faces].astype(np.float64))
    return tuple(found)
