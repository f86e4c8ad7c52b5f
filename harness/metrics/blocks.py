"""Label images as blocks: checked once, then read piece by piece, whatever holds them."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from harness.errors import LabelError

Slices = tuple[slice, ...]

MEMORY_BLOCK = 1 << 20
"""Voxels of a block of an array in memory; a copy of one stays in the processor's cache."""
STORAGE_BLOCK = 1 << 22
"""Voxels of a block read from Zarr, HDF5 or Dask, unless a chunk is larger."""
LARGEST_COMMON_CHUNK = 1 << 24
"""Voxels up to which a block covers whole chunks of both arrays, so that none is decoded twice."""


@dataclass(frozen=True, slots=True, eq=False)
class PairedBlocks:
    """Two checked label images of one shape and the regions in which to read them.

    truth, pred  arrays or array-likes; those in memory may be flattened or have their axes reordered, both alike
    dtype        the unsigned integer dtype as which both are read
    regions      slices that cover the images once
    in_memory    whether both are NumPy arrays
    """

    truth: Any
    pred: Any
    dtype: np.dtype
    regions: tuple[Slices, ...]
    in_memory: bool

    def read(self, region: Slices) -> tuple[np.ndarray, np.ndarray]:
        """Return the labels of both images in a region: flat, contiguous, of `dtype`, negative values wrapped."""
        return _flat(self.truth[region], self.dtype), _flat(self.pred[region], self.dtype)


def paired_blocks(truth: Any, pred: Any, *, block: tuple[int, ...] | None = None) -> PairedBlocks:
    """Check two label images and cut them into blocks (of shape `block` if given, else by storage and size).

    Arrays are NumPy arrays or anything with `shape`, `dtype` and slicing (Zarr, HDF5, Dask). Other sequences are
    converted. Raises `LabelError` for a dtype that is neither integer nor bool, an empty image, unequal shapes.
    """
    truth, pred = _label_array(truth, "truth"), _label_array(pred, "prediction")
    if tuple(truth.shape) != tuple(pred.shape):
        raise LabelError(
            f"prediction has shape {tuple(pred.shape)}, truth has shape {tuple(truth.shape)}; accepted: equal shapes"
        )
    dtype = np.dtype(f"u{max(truth.dtype.itemsize, pred.dtype.itemsize)}")
    in_memory = isinstance(truth, np.ndarray) and isinstance(pred, np.ndarray)
    if block is None and in_memory:
        truth, pred = _in_storage_order(truth, pred)
        block = _enlarged((1,) * truth.ndim, truth.shape, MEMORY_BLOCK)
    elif block is None:
        block = _enlarged(_common_chunk(truth, pred), truth.shape, STORAGE_BLOCK)
    return PairedBlocks(truth, pred, dtype, _regions(tuple(truth.shape), block), in_memory)


def _label_array(array: Any, name: str) -> Any:
    if not isinstance(getattr(array, "dtype", None), np.dtype):
        array = _converted(array, name)
    if isinstance(array, np.ma.MaskedArray):
        raise LabelError(f"{name} is a masked array; accepted: a plain label image (set masked voxels to 0)")
    if array.dtype.kind not in "iub":
        raise LabelError(f"{name} has dtype {array.dtype}; accepted: signed or unsigned integers, or bool")
    if math.prod(array.shape) == 0 or len(array.shape) == 0:
        raise LabelError(f"{name} is empty: its shape is {tuple(array.shape)}; accepted: at least one voxel")
    return array


def _converted(array: Any, name: str) -> np.ndarray:
    try:
        return np.asarray(array)
    except ValueError as error:  # rows of unequal length
        raise LabelError(f"{name} is not an array ({error}); accepted: an array of integers or bool") from error


def _in_storage_order(truth: np.ndarray, pred: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return both with their axes sorted by stride, flattened if that needs no copy; pairs of voxels stay pairs."""
    order = sorted(range(truth.ndim), key=lambda axis: -abs(truth.strides[axis]))
    truth, pred = np.asarray(truth).transpose(order), np.asarray(pred).transpose(order)
    if truth.flags.c_contiguous and pred.flags.c_contiguous:
        return truth.reshape(-1), pred.reshape(-1)
    return truth, pred


def _common_chunk(truth: Any, pred: Any) -> tuple[int, ...]:
    """Return the smallest block to read: whole chunks of both arrays, or of the coarser one if that is too much."""
    chunks = [_chunk(array) for array in (truth, pred)]
    common = tuple(max(sizes) for sizes in zip(*chunks, strict=True))
    return common if math.prod(common) <= LARGEST_COMMON_CHUNK else max(chunks, key=math.prod)


def _chunk(array: Any) -> tuple[int, ...]:
    """Return the chunk shape of a stored array (Dask: its largest chunk), ones where it has none."""
    chunk = getattr(array, "chunksize", None) or getattr(array, "chunks", None)
    if not isinstance(chunk, tuple) or not all(isinstance(size, int) for size in chunk):
        return (1,) * len(array.shape)
    return tuple(min(size, extent) for size, extent in zip(chunk, array.shape, strict=True))


def _enlarged(block: tuple[int, ...], shape: tuple[int, ...], limit: int) -> tuple[int, ...]:
    """Return a multiple of `block` of at most `limit` voxels (but one block), as long as possible in the last axes."""
    sizes = list(block)
    for axis in reversed(range(len(shape))):
        factor = max(1, limit // math.prod(sizes))
        sizes[axis] = min(sizes[axis] * factor, shape[axis])
        if sizes[axis] < shape[axis]:
            break
    return tuple(sizes)


def _regions(shape: tuple[int, ...], block: tuple[int, ...]) -> tuple[Slices, ...]:
    ranges = [
        [slice(start, min(start + step, extent)) for start in range(0, extent, step)]
        for extent, step in zip(shape, block, strict=True)
    ]
    return tuple(itertools.product(*ranges))


def _flat(block: Any, dtype: np.dtype) -> np.ndarray:
    array = np.asarray(block)
    native = array.astype(array.dtype.newbyteorder("="), copy=False)
    return np.ascontiguousarray(native.view(f"u{native.dtype.itemsize}"), dtype=dtype).reshape(-1)
