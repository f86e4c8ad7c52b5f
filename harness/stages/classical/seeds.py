"""Thresholds, seeds and flooding that the classical methods share."""

from __future__ import annotations

import numpy as np

from harness.stages.arrays import drop_small


def otsu_mask(image: np.ndarray, *, bright: bool) -> np.ndarray:
    """Return the voxels on the object side of Otsu's threshold; all False for a constant image.

    Otsu 1979, doi:10.1109/TSMC.1979.4310076.
    """
    from skimage.filters import threshold_otsu

    if image.min() == image.max():
        return np.zeros(image.shape, dtype=bool)
    threshold = threshold_otsu(image)
    return np.asarray(image > threshold if bright else image < threshold)


def maxima(height: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Return numbered seeds (int32, 0 elsewhere): local maxima of `height` in the mask, plateaus as one seed."""
    from scipy.ndimage import generate_binary_structure, label
    from skimage.morphology import local_maxima

    if min(height.shape) == 0 or height.min() == height.max():
        peaks = np.zeros(height.shape, dtype=bool)
    else:
        peaks = np.asarray(local_maxima(height, allow_borders=True)) & inside
    return np.asarray(label(peaks, generate_binary_structure(height.ndim, height.ndim))[0])


def flood(height: np.ndarray, seeds: np.ndarray, inside: np.ndarray, minimum: int) -> np.ndarray:
    """Return watershed labels (uint32, 0 background) of -height from the seeds within the mask, small objects dropped.

    Vincent & Soille 1991, doi:10.1109/34.87344.
    """
    from skimage.segmentation import watershed

    if not seeds.any():
        return np.zeros(height.shape, dtype=np.uint32)
    return drop_small(np.asarray(watershed(-height, seeds, mask=inside)), minimum)
