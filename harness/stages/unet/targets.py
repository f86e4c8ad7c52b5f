"""What a boundary U-Net learns to predict: foreground and thick boundaries, made from label images."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Literal, get_args

import numpy as np

Output = Literal["foreground", "boundary"]
OUTPUTS: tuple[Output, ...] = get_args(Output)
CONNECTIVITY = 2
"""Neighbours up to two axes away (edges, not corners, in 3D) decide whether a voxel lies at a boundary."""


def thick_boundaries(labels: np.ndarray) -> np.ndarray:
    """Return bool where a voxel of (Z)YX labels has a neighbour with another label, background included.

    Both sides of every contact are marked ("thick"); voxels beyond the border do not count. Equal to
    scikit-image's `find_boundaries(labels, connectivity=2, mode="thick")`.
    """
    boundary = np.zeros(labels.shape, dtype=bool)
    for offset in _half_neighbourhood(labels.ndim):
        here = tuple(slice(max(step, 0), min(step, 0) or None) for step in offset)
        there = tuple(slice(max(-step, 0), min(-step, 0) or None) for step in offset)
        differs = labels[here] != labels[there]
        boundary[here] |= differs
        boundary[there] |= differs
    return boundary


def training_targets(labels: np.ndarray, outputs: Sequence[str]) -> np.ndarray:
    """Return float32 (K, (Z) Y X) with one map of zeros and ones per name in `outputs`."""
    maps = [labels > 0 if name == "foreground" else thick_boundaries(labels) for name in outputs]
    return np.asarray(np.stack(maps), dtype=np.float32)


def _half_neighbourhood(ndim: int) -> list[tuple[int, ...]]:
    offsets = product((-1, 0, 1), repeat=ndim)
    near = [offset for offset in offsets if 0 < sum(map(abs, offset)) <= CONNECTIVITY]
    return [offset for offset in near if offset > (0,) * ndim]
