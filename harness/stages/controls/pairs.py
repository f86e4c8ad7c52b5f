"""Geometry of the controls: where to cut an object and which objects are neighbours."""

from __future__ import annotations

import numpy as np


def halves(labels: np.ndarray, spacing: tuple[float, ...], chosen: np.ndarray) -> np.ndarray:
    """Return labels (uint32) in which every chosen object is cut in two at half of its voxels.

    The cut is a plane across the physically longest axis of the object's bounding box (the first of equal ones),
    placed so that the lower part has at most half of the voxels (but at least one plane). An object that is one plane
    thick along that axis stays whole. `labels` has ids 0 … n; `chosen` is boolean with n + 1 entries.
    """
    from scipy.ndimage import find_objects

    split = labels.astype(np.uint32)
    fresh = int(labels.max(initial=0)) + 1
    for number, box in enumerate(find_objects(labels.astype(np.int64)), start=1):
        if box is None or not chosen[number]:
            continue
        inside = labels[box] == number
        extents = [length * step for length, step in zip(inside.shape, spacing, strict=True)]
        axis = int(np.argmax(extents))
        profile = inside.sum(axis=tuple(other for other in range(inside.ndim) if other != axis))
        cut = max(1, int(np.searchsorted(np.cumsum(profile), profile.sum() / 2, side="right")))
        upper = inside.copy()
        np.moveaxis(upper, axis, 0)[:cut] = False
        if upper.any() and (inside & ~upper).any():
            split[box][upper] = fresh
            fresh += 1
    return split


def neighbour_pairs(labels: np.ndarray, spacing: tuple[float, ...]) -> list[tuple[int, int]]:
    """Return disjoint pairs of near objects: the closest centroids first, each object at most once.

    An object is considered with its eight nearest only, so that millions of objects stay cheap; one whose eight are
    all taken stays alone. Ties go to the lower ids. `labels` has ids 0 … n.
    """
    from scipy.ndimage import center_of_mass
    from scipy.spatial import cKDTree

    count = int(labels.max(initial=0))
    if count < 2:
        return []
    centres = np.asarray(center_of_mass(labels > 0, labels, np.arange(1, count + 1))) * np.asarray(spacing)
    distances, others = cKDTree(centres).query(centres, k=min(9, count))
    first = np.repeat(np.arange(count), others.shape[1])
    second, length = others.ravel(), distances.ravel()
    low, high = np.minimum(first, second), np.maximum(first, second)
    free = np.ones(count, dtype=bool)
    pairs = []
    for index in np.lexsort((high, low, length)):
        a, b = int(low[index]), int(high[index])
        if a != b and free[a] and free[b]:
            free[[a, b]] = False
            pairs.append((a + 1, b + 1))
    return pairs
