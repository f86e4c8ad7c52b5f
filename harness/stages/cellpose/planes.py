"""Cutting training volumes into the 2D planes that Cellpose learns from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from harness.errors import DataError
from harness.stages.examples import consecutive

PLANES = {"xy": 0, "zx": 1, "yz": 2}
"""The axis of (Z, Y, X) that each family of planes is stacked along."""

Pair = tuple[np.ndarray, np.ndarray]
"""A float32 image C(Z)YX and its int32 labels (Z)YX."""


def training_planes(pairs: Sequence[Pair], families: Sequence[str], every: int, minimum: int, where: str) -> list[Pair]:
    """Return the planes with at least `minimum` objects: float32 (C, rows, columns) and int32 labels 1 … n.

    Every n-th plane of each family is taken, starting in the middle of the first step; a 2D pair is one plane. Planes
    that hold z have it as their rows. Raises `DataError` if no plane has enough objects.
    """
    kept, most, seen = [], 0, 0
    for image, labels in _planes(pairs, families, every):
        count = len(np.unique(labels[labels > 0]))
        most, seen = max(most, count), seen + 1
        if count >= max(minimum, 1):
            kept.append((image, consecutive(labels)))
    if not kept:
        raise DataError(
            f"{where}: none of {seen} training planes has {max(minimum, 1)} objects (the fullest has {most}); "
            "accepted: a smaller 'min_train_masks', or data with more objects"
        )
    return kept


def two_channels(image: np.ndarray, where: str) -> np.ndarray:
    """Return (2, …) float32: the channel to segment and the nuclear channel, zeros where there is none.

    Raises `DataError` for more than two channels.
    """
    if len(image) > 2:
        raise DataError(
            f"{where}: the image has {len(image)} channels; accepted: 1, or 2 (to segment, nuclear): "
            "name them in the suite's 'channels'"
        )
    return np.concatenate([image, np.zeros_like(image)]) if len(image) == 1 else image


def _planes(pairs: Sequence[Pair], families: Sequence[str], every: int) -> Iterator[Pair]:
    for image, labels in pairs:
        if labels.ndim == 2:
            yield image, labels
            continue
        for family in families:
            axis = PLANES[family]
            for position in range((every - 1) // 2, labels.shape[axis], every):
                yield np.take(image, position, axis=axis + 1), np.take(labels, position, axis=axis)
