"""Cell surfaces: a ruffled shell with filopodia around one cell, its light in two channels, and a user's scribbles.

The channel `negative` shows the surface faithfully; `actin` shows it in patches, with filaments inside the cell. So
labels that a classifier makes of `actin` have holes in the surface and false surface in the cell.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from harness.datasets.phantoms.parameters import SurfaceParameters

SURFACE, REST = 1, 2
"""Classes of the scribbles; 0 is what nobody scribbled on."""
_RUFFLE = 0.12
_STROKE = 4
_ON_SURFACE = 0.2


def shape_cell(parameters: SurfaceParameters, spacing: Sequence[float], rng: np.random.Generator) -> np.ndarray:
    """Return the mask (bool, ZYX) of a cell with its filopodia, within the inner four fifths of the volume if it can.

    `objects` = 0 gives a volume without a cell.
    """
    extent = np.asarray(parameters.shape) * np.asarray(spacing)
    if parameters.objects == 0:
        return np.zeros(parameters.shape, dtype=bool)
    centre = extent * (0.5 + rng.uniform(-0.04, 0.04, 3))
    semi = extent * rng.uniform(0.26, 0.32, 3)
    offsets = [
        ((np.arange(length) + 0.5) * step - middle).astype(np.float32)
        for length, step, middle in zip(parameters.shape, spacing, centre, strict=True)
    ]
    z, y, x = np.meshgrid(*offsets, indexing="ij", sparse=True)
    radius = np.sqrt((z / semi[0]) ** 2 + (y / semi[1]) ** 2 + (x / semi[2]) ** 2)
    cell = radius <= 1 + _RUFFLE * smooth_noise(parameters.shape, spacing, parameters.ruffle_um, rng)
    for _ in range(parameters.filopodia):
        direction = rng.standard_normal(3)
        direction /= np.linalg.norm(direction)
        root = direction * semi * 0.9
        cell |= _rod((z, y, x), root, direction, parameters.filopodium_um, parameters.width_um / 2)
    if not cell.any():
        cell[tuple(length // 2 for length in parameters.shape)] = True
    return np.asarray(cell)


def shell_of(cell: np.ndarray, spacing: Sequence[float], thickness_um: float) -> np.ndarray:
    """Return the voxels (bool) of a cell that lie less than a thickness from the outside: filopodia are all surface."""
    from scipy.ndimage import distance_transform_edt

    if not cell.any():
        return cell.copy()
    inward = distance_transform_edt(np.pad(cell, 1), sampling=tuple(spacing))[(slice(1, -1),) * cell.ndim]
    return np.asarray(cell & (inward <= max(thickness_um, min(spacing))))


def surface_light(
    cell: np.ndarray,
    surface: np.ndarray,
    parameters: SurfaceParameters,
    spacing: Sequence[float],
    rng: np.random.Generator,
) -> dict[str, np.ndarray]:
    """Return the light (float32) of the two channels, 1 where the surface is brightest."""
    uneven = np.clip(1 + 0.15 * smooth_noise(cell.shape, spacing, 2.0, rng), 0.5, 1.5)
    negative = surface * uneven
    patches = np.clip(0.55 + 0.9 * smooth_noise(cell.shape, spacing, 1.0, rng), 0.0, 1.3)
    inside = cell & ~surface
    filaments = np.clip(1.6 * smooth_noise(cell.shape, spacing, 0.5, rng) - 0.7, 0.0, 1.0)
    actin = surface * patches + inside * filaments
    return {"negative": negative.astype(np.float32), "actin": actin.astype(np.float32)}


def scribble(surface: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Return scribbles (uint16): short strokes along X on the surface and off it, about `share` of the voxels.

    A fifth of the strokes lies on the surface, which is thin. Each class has a stroke where it has voxels at all.
    """
    scribbles = np.zeros(surface.shape, dtype=np.uint16)
    for number, where, part in ((SURFACE, surface, _ON_SURFACE), (REST, ~surface, 1 - _ON_SURFACE)):
        places = np.flatnonzero(where)
        count = max(1, round(share * part * surface.size / _STROKE))
        strokes = rng.permutation(len(places))[:count]
        for z, y, x in zip(*np.unravel_index(places[strokes], surface.shape), strict=True):
            along = slice(int(x), int(x) + _STROKE)
            scribbles[z, y, along][where[z, y, along]] = number
    return scribbles


def smooth_noise(
    shape: Sequence[int], spacing: Sequence[float], length_um: float, rng: np.random.Generator
) -> np.ndarray:
    """Return noise (float32) of standard deviation about 1 that is alike over a length."""
    from scipy.ndimage import gaussian_filter

    white = rng.standard_normal(tuple(shape), dtype=np.float32)
    smooth = gaussian_filter(white, [length_um / step for step in spacing], mode="wrap")
    return np.asarray(smooth / max(float(smooth.std()), 1e-6), dtype=np.float32)


def _rod(
    places: Sequence[np.ndarray], root: np.ndarray, direction: np.ndarray, length: float, radius: float
) -> np.ndarray:
    """Return the mask of a rod with round ends that begins at a point; all in micrometres."""
    apart = [place - start for place, start in zip(places, root, strict=True)]
    along = sum(part * step for part, step in zip(apart, direction, strict=True))
    along = np.clip(along, 0, length)
    across = sum((part - along * step) ** 2 for part, step in zip(apart, direction, strict=True))
    return np.asarray(across <= radius**2)
