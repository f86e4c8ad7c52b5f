"""The distance-transform watershed that makes superpixels of a boundary map."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.stages.boundary.regions import regrow_small


@dataclass(frozen=True, slots=True)
class WatershedOptions:
    """Parameters of `superpixels`; sigmas in voxels, `pitch` is the voxel size per axis of the distance transform."""

    threshold: float
    sigma_seeds: float
    sigma_weights: float
    alpha: float
    min_size: int
    pitch: tuple[float, ...]


def superpixels(boundary: np.ndarray, options: WatershedOptions) -> np.ndarray:
    """Return superpixels (uint32, ids 1 … n, no 0) of a boundary map (float32, (Z)YX, [0, 1]).

    Seeds are the local maxima of the smoothed distance to the voxels above the threshold; they flood
    alpha * map + (1 - alpha) * (1 - normalised distance). A map that lies below or above the threshold everywhere holds
    no seed and becomes one superpixel. Beier et al. 2017, doi:10.1038/nmeth.4151.
    """
    import bioimage_cpp as bic

    inside = boundary <= options.threshold
    if inside.all() or not inside.any():
        return np.ones(boundary.shape, dtype=np.uint32)
    distance = bic.distance.distance_transform(inside, sampling=options.pitch)
    if options.sigma_seeds:
        distance = bic.filters.gaussian_smoothing(distance, options.sigma_seeds)
    seeds = _seeds(distance)
    if not seeds.any():
        return np.ones(boundary.shape, dtype=np.uint32)
    height = _height(boundary, distance, options)
    flooded = bic.segmentation.watershed(height, seeds)
    return regrow_small(flooded, height, options.min_size)


def _seeds(distance: np.ndarray) -> np.ndarray:
    """Number the local maxima of the distance, border voxels included, touching ones (diagonals too) as one seed."""
    import bioimage_cpp as bic
    from scipy.ndimage import maximum_filter

    peaks = (maximum_filter(distance, size=3, mode="nearest") == distance) & (distance > distance.min())
    return np.asarray(bic.segmentation.label(peaks)).astype(np.uint32)


def _height(boundary: np.ndarray, distance: np.ndarray, options: WatershedOptions) -> np.ndarray:
    import bioimage_cpp as bic

    height = boundary
    if options.sigma_weights:
        height = bic.filters.gaussian_smoothing(boundary, options.sigma_weights)
    if options.alpha < 1:
        low, high = float(distance.min()), float(distance.max())
        depth = (distance - low) / (high - low)
        height = options.alpha * height + (1 - options.alpha) * (1 - depth)
    return np.asarray(height, dtype=np.float32)


def stacked_superpixels(boundary: np.ndarray, options: WatershedOptions) -> np.ndarray:
    """Return `superpixels` of every Z plane by itself, ids unique over the stack; the pitch is that of a plane."""
    planes = np.empty(boundary.shape, dtype=np.uint32)
    highest = 0
    for index, plane in enumerate(boundary):
        planes[index] = superpixels(plane, options) + np.uint32(highest)
        highest = int(planes[index].max())
    return planes
