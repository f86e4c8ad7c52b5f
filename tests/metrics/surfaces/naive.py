"""Surfaces by their written definitions: every element with its place, every distance between two of them."""

from __future__ import annotations

import itertools

import numpy as np
from scipy.ndimage import binary_erosion
from scipy.spatial.distance import cdist
from skimage.measure import marching_cubes, mesh_surface_area

Elements = tuple[np.ndarray, np.ndarray]


def elements(mask: np.ndarray, spacing: tuple[float, ...], kind: str) -> Elements:
    """Places, (n, axes) in the unit of the spacing, and weights of the elements of a mask."""
    if kind == "voxels":
        border = mask & ~binary_erosion(mask)
        return np.argwhere(border) * np.array(spacing), np.ones(int(border.sum()))
    padded = np.pad(mask, 1)
    places, weights = [], []
    for corner in itertools.product(*(range(size - 1) for size in padded.shape)):
        around = padded[tuple(slice(at, at + 2) for at in corner)]
        if around.any() and not around.all():
            places.append(corner)
            weights.append(area(around, spacing))
    return np.array(places, float).reshape(-1, mask.ndim) * np.array(spacing), np.array(weights)


def area(around: np.ndarray, spacing: tuple[float, ...]) -> float:
    """Length or area of the surface between 4 or 8 voxels, at a level half way."""
    if around.ndim == 2:
        across = [np.count_nonzero(np.diff(around.astype(int), axis=axis)) for axis in (0, 1)]
        if sorted(across) == [0, 2]:
            return float(spacing[1] if across[0] else spacing[0])
        return float(np.hypot(*spacing)) / 2 * (2 if across == [2, 2] else 1)
    inside = around if around.sum() <= 4 else ~around
    points, faces, _, _ = marching_cubes(
        inside.astype(np.float32), 0.5, spacing=spacing, method="lorensen", allow_degenerate=True
    )
    return float(mesh_surface_area(points, faces))


def one_way(source: Elements, target: Elements) -> Elements:
    """Distances from each element to the nearest of the other surface, with the weights; ascending."""
    places, weights = source
    if not places.size or not target[0].size:
        return np.full(weights.size, np.inf), weights
    distances = cdist(places, target[0]).min(axis=1)
    order = np.argsort(distances, kind="stable")
    return distances[order], weights[order]


def both_ways(truth: np.ndarray, pred: np.ndarray, spacing: tuple[float, ...], kind: str) -> tuple[Elements, Elements]:
    """From the truth's surface to the prediction's, and back."""
    one, two = elements(truth, spacing, kind), elements(pred, spacing, kind)
    return one_way(one, two), one_way(two, one)


def band(mask: np.ndarray, spacing: tuple[float, ...], width: float) -> np.ndarray:
    """The voxels of a mask less than a width from one of its border voxels."""
    places, _ = elements(mask, spacing, "voxels")
    near = np.zeros(mask.shape, bool)
    inside = np.argwhere(mask)
    if inside.size:
        close = cdist(inside * np.array(spacing), places).min(axis=1) < width
        near[tuple(inside[close].T)] = True
    return near
