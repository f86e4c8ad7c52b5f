"""What clusterings ask of embeddings, and how they hand their labels back."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from harness.errors import DataError
from harness.model import Volume
from harness.stages.arrays import labels_on
from harness.stages.examples import channels_first


def vectors_of(volume: Volume, where: str) -> np.ndarray:
    """Return the embedding of each voxel as float32 (voxels, channels), voxels in C order.

    Raises `DataError` for an empty embedding and for values that are not finite.
    """
    array = channels_first(volume, where)
    return np.ascontiguousarray(array.reshape(len(array), -1).T)


def require_voxels(vectors: np.ndarray, least: int, why: str, where: str) -> None:
    """Raise `DataError` unless there are at least so many voxels."""
    if len(vectors) < least:
        raise DataError(f"{where}: {len(vectors)} voxels; accepted: at least {least}, {why}")


def labels_from(flat: np.ndarray, like: Volume) -> Volume:
    """Return flat labels (voxels in C order, 0 background) as a volume (uint32) on the spatial grid of `like`."""
    return labels_on(flat.reshape(like.grid.shape).astype(np.uint32), like)


def by_size(labels: np.ndarray) -> np.ndarray:
    """Return flat labels (0 background) as uint32 with ids 1 … n from the largest object to the smallest.

    Of equally large ones the one that comes first in the image has the lower id, so that equal partitions are equal
    arrays, whatever numbers a library gave.
    """
    ids, first, inverse, sizes = np.unique(labels, return_index=True, return_inverse=True, return_counts=True)
    order = np.lexsort((first, -sizes))
    order = order[ids[order] != 0]
    numbers = np.zeros(len(ids), dtype=np.uint32)
    numbers[order] = np.arange(1, len(order) + 1, dtype=np.uint32)
    named: np.ndarray = numbers[inverse].reshape(labels.shape)
    return named


def require_same_channels(inputs: Mapping[str, Volume], where: str) -> None:
    """Raise `DataError` unless all embeddings have the same axes and shape."""
    shapes = {slot: volume.array.shape for slot, volume in inputs.items()}
    if len(set(shapes.values())) > 1:
        found = ", ".join(f"{slot} {shape}" for slot, shape in shapes.items())
        raise DataError(f"{where}: embeddings of different shapes: {found}; accepted: one shape")
