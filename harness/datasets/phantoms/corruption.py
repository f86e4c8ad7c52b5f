"""Errors put into a ground truth on purpose: stands for labels nobody has proofread."""

from __future__ import annotations

import numpy as np

CORRUPTION_VERSION = 1
"""Part of the hash of derived labels: to be raised when the same seed would give other labels."""


def corrupt(
    labels: np.ndarray,
    *,
    merges: float = 0.0,
    splits: float = 0.0,
    misses: float = 0.0,
    seed: int = 0,
    spacing_um: tuple[float, ...] | None = None,
) -> np.ndarray:
    """Return a copy of a label image with merged, split and missing objects.

    Of n objects, round(misses * n) vanish, round(splits * n) are cut in two by a plane through their centre of
    random direction, and round(merges * n) are joined to the nearest other object (by centres, in micrometres where
    the spacing is known). No object suffers two errors, so where the rates are high the merges find fewer victims.
    Result: axes and shape as given, unsigned integers, new ids above the highest, 0 stays background.
    """
    from scipy import ndimage

    if labels.size == 0:
        return labels.copy()
    ids, compact = np.unique(labels, return_inverse=True)
    compact = compact.reshape(labels.shape).astype(np.int32)
    if ids.size == 0 or ids[0] != 0:
        ids, compact = np.concatenate([[0], ids]), compact + 1
    boxes = ndimage.find_objects(compact)
    count = len(boxes)
    if count == 0:
        return labels.copy()
    rng = np.random.default_rng(seed)
    order = rng.permutation(count)
    n_missed, n_split = round(misses * count), round(splits * count)
    steps = np.asarray(spacing_um or (1.0,) * labels.ndim)
    centres = np.array([_centre(compact[box] == index + 1, box) for index, box in enumerate(boxes)]) * steps
    names = ids.astype(np.uint64)
    target = names.copy()
    target[order[:n_missed] + 1] = 0
    rest = order[n_missed + n_split :]
    _merge(target, centres, rest, round(merges * count))
    result = target.astype(_dtype(int(names.max()) + n_split))[compact]
    fresh = int(names.max())
    for index in order[n_missed : n_missed + n_split]:
        box = boxes[index]
        inside = compact[box] == index + 1
        half = _half(inside, steps, rng)
        if half.any():
            fresh += 1
            result[box][half] = fresh
    return np.asarray(result)


def _dtype(highest: int) -> np.dtype:
    """Return uint16 where it suffices, so that a few splits of an 8-bit image do not overflow."""
    return np.dtype(np.uint16) if highest < 1 << 16 else np.min_scalar_type(highest)


def _centre(inside: np.ndarray, box: tuple[slice, ...]) -> np.ndarray:
    return np.array([axis.mean() + part.start for axis, part in zip(np.nonzero(inside), box, strict=True)])


def _merge(target: np.ndarray, centres: np.ndarray, candidates: np.ndarray, wanted: int) -> None:
    """Give `wanted` of the candidates the id of their nearest free neighbour; each object is used once."""
    free = np.zeros(len(centres), dtype=bool)
    free[candidates] = True
    for index in candidates:
        if wanted == 0 or free.sum() < 2:
            return
        if not free[index]:
            continue
        free[index] = False
        distance = np.where(free, ((centres - centres[index]) ** 2).sum(axis=1), np.inf)
        partner = int(distance.argmin())
        free[partner] = False
        target[index + 1] = target[partner + 1]
        wanted -= 1


def _half(inside: np.ndarray, steps: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the mask of an object's voxels on one side of a plane of random direction through its centre."""
    where = np.nonzero(inside)
    direction = rng.standard_normal(inside.ndim)
    position = np.stack(where, axis=1) * steps @ direction
    half = np.zeros_like(inside)
    chosen = position > position.mean()
    half[tuple(axis[chosen] for axis in where)] = True
    return half
