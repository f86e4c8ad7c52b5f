"""Label images as blocks: checked once, then read piece by piece, whatever holds them."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any, overload

import numpy as np

from harness.errors import HarnessError, LabelError

Slices = tuple[slice, ...]

MEMORY_BLOCK = 1 << 20
"""Voxels of a block of an array in memory; a copy of one stays in the processor's cache."""
STORAGE_BLOCK = 1 << 20
"""Voxels of a block read from Zarr, HDF5 or Dask, unless a chunk is larger; more would leave the processor's cache, and
processes side by side would wait for memory."""
CHUNK_BLOCK = 1 << 18
"""The same of images whose whole chunks cost no more than their codec: several of them would be copied together."""
CHUNKS_AHEAD, AHEAD_BYTES = 16, 1 << 26
"""Files of chunks that are read before the first of them is decoded, and what they may hold decoded."""
LARGEST_COMMON_CHUNK = 1 << 24
"""Voxels of a block up to which it covers whole chunks of both arrays, so that none is decoded twice."""
MOST_THREADS = 4


class Regions(Sequence[Slices]):
    """Slices that cover an image of a shape once, block by block, the last axes fastest; made when they are asked for.

    An image of a petavoxel has hundreds of millions of them.
    """

    def __init__(self, shape: tuple[int, ...], block: tuple[int, ...]) -> None:
        self.shape, self.block = shape, block
        self._counts = tuple(-(-extent // step) for extent, step in zip(shape, block, strict=True))

    def __len__(self) -> int:
        return math.prod(self._counts)

    @overload
    def __getitem__(self, number: int) -> Slices: ...

    @overload
    def __getitem__(self, number: slice) -> Sequence[Slices]: ...

    def __getitem__(self, number: int | slice) -> Slices | Sequence[Slices]:
        if isinstance(number, slice):
            return [self[one] for one in range(*number.indices(len(self)))]
        if not -len(self) <= number < len(self):
            raise IndexError(f"block {number} of {len(self)}")
        number %= len(self)
        starts: list[int] = []
        for count, step in zip(reversed(self._counts), reversed(self.block), strict=True):
            number, place = divmod(number, count)
            starts.append(place * step)
        return tuple(
            slice(start, min(start + step, extent))
            for start, step, extent in zip(reversed(starts), self.block, self.shape, strict=True)
        )


@dataclass(frozen=True, slots=True, eq=False)
class PairedBlocks:
    """Two checked label images of one shape, what to ignore of them, and the regions in which to read them.

    truth, pred  arrays or array-likes; those in memory may be flattened or have their axes reordered, both alike
    ignore       an array-like of their shape, a value of the truth, or None
    dtype        the unsigned integer dtype as which both are read
    regions      slices that cover the images once
    in_memory    whether both are NumPy arrays
    """

    truth: Any
    pred: Any
    ignore: Any
    dtype: np.dtype
    regions: Regions
    in_memory: bool

    def read(self, region: Slices) -> tuple[np.ndarray, np.ndarray]:
        """Return the labels of both images in a region: flat, contiguous, of `dtype`, negative values wrapped.

        Voxels that are ignored are left out: where the mask is not 0, or where the truth has the value to ignore.
        Raises `LabelError` for a block that cannot be read, or is not what its image declares.
        """
        truth, pred = read_block(self.truth, region, "truth"), read_block(self.pred, region, "prediction")
        return self._kept(truth, pred, region)

    def each(self, regions: Iterable[Slices]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield what `read` returns for some of `regions`; it holds until the next one: memory may be used again.

        Whole chunks whose codec is all there is to do are decoded one into the place of the other, in the cache.
        """
        block = self.regions.block
        readers: list[Any] = [getattr(image, "whole_chunks", None) for image in (self.truth, self.pred)]
        if any(reader is None or reader.shape != block for reader in readers):
            yield from map(self.read, regions)
            return
        chunks = [np.empty(block, image.dtype) for image in (self.truth, self.pred)]
        ahead, pair_bytes = iter(regions), sum(chunk.nbytes for chunk in chunks)
        while group := list(islice(ahead, max(1, min(CHUNKS_AHEAD, AHEAD_BYTES // pair_bytes)))):
            numbers = [tuple(part.start // size for part, size in zip(one, block, strict=True)) for one in group]
            files = [[reader.encoded(number) for reader in readers] for number in numbers]
            for region, number, encoded in zip(group, numbers, files, strict=True):
                for reader, data, chunk in zip(readers, encoded, chunks, strict=True):
                    reader.decode(number, data, chunk)
                there = tuple(slice(part.stop - part.start) for part in region)
                yield self._kept(chunks[0][there], chunks[1][there], region)

    def _kept(self, truth: np.ndarray, pred: np.ndarray, region: Slices) -> tuple[np.ndarray, np.ndarray]:
        if self.ignore is not None:
            is_value = isinstance(self.ignore, int)
            keep = truth != self.ignore if is_value else read_block(self.ignore, region, "the ignore mask") == 0
            truth, pred = truth[keep], pred[keep]
        return _flat(truth, self.dtype), _flat(pred, self.dtype)


def paired_blocks(truth: Any, pred: Any, *, ignore: Any = None, block: tuple[int, ...] | None = None) -> PairedBlocks:
    """Check two label images and cut them into blocks (of shape `block` if given, else by storage and size).

    Arrays are NumPy arrays or anything with `shape`, `dtype` and slicing (Zarr, HDF5, Dask). Other sequences are
    converted. `ignore` is a mask of the same shape, or a whole number: a value of the truth. Raises `LabelError` for a
    dtype that is neither integer nor bool, an empty image, unequal or unknown shapes, masks, and whatever an array of
    another library raises.
    """
    truth, pred = label_array(truth, "truth"), label_array(pred, "prediction")
    if tuple(truth.shape) != tuple(pred.shape):
        raise LabelError(
            f"prediction has shape {tuple(pred.shape)}, truth has shape {tuple(truth.shape)}; accepted: equal shapes"
        )
    if isinstance(ignore, int | np.integer) and not isinstance(ignore, bool):
        ignore = int(ignore) if may_hold(truth.dtype, int(ignore)) else None
    elif ignore is not None:
        ignore = _ignore_mask(ignore, truth, "truth")
    dtype = np.dtype(f"u{max(truth.dtype.itemsize, pred.dtype.itemsize)}")
    in_memory = isinstance(truth, np.ndarray) and isinstance(pred, np.ndarray)
    if block is None and in_memory and (ignore is None or isinstance(ignore, int)):
        truth, pred = _in_storage_order(truth, pred)
        block = _enlarged((1,) * truth.ndim, truth.shape, MEMORY_BLOCK)
    elif block is None:
        block = _enlarged(_common_chunk(truth, pred), truth.shape, _stored_voxels(truth, pred))
    return PairedBlocks(truth, pred, ignore, dtype, Regions(tuple(truth.shape), block), in_memory)


@dataclass(frozen=True, slots=True, eq=False)
class ImageBlocks:
    """A checked label image, what to ignore of it, and the regions in which to read it.

    image      array or array-like; the axes of one in memory may be reordered
    axes       the image's own axes in the order of `image`'s: its axis k is axis `axes[k]` of what was given
    dtype      the unsigned integer dtype as which it is read
    regions    slices that cover `image` once
    in_memory  whether it is a NumPy array
    """

    image: Any
    ignore: Any
    name: str
    axes: tuple[int, ...]
    dtype: np.dtype
    regions: Regions
    in_memory: bool

    def read(self, region: Slices) -> np.ndarray:
        """Return the labels of a region in C order: flat, contiguous, of `dtype`, negative values wrapped.

        Voxels that are ignored are 0. Raises `LabelError` for a block that cannot be read, or is not what its image
        declares.
        """
        block = read_block(self.image, region, self.name)
        if self.ignore is not None:
            block = np.where(read_block(self.ignore, region, "the ignore mask") == 0, block, block.dtype.type(0))
        return _flat(block, self.dtype)


def image_blocks(image: Any, name: str, *, ignore: Any = None, block: tuple[int, ...] | None = None) -> ImageBlocks:
    """Check one label image and cut it into blocks (of shape `block` if given, else by storage and size).

    `name` is what errors call the image. Accepts and raises what `paired_blocks` does.
    """
    image = label_array(image, name)
    if ignore is not None:
        ignore = _ignore_mask(ignore, image, name)
    axes = tuple(range(len(image.shape)))
    in_memory = isinstance(image, np.ndarray)
    if block is None and in_memory and isinstance(ignore, np.ndarray | None):
        axes = tuple(sorted(axes, key=lambda axis: -abs(image.strides[axis])))
        image, ignore = image.transpose(axes), None if ignore is None else ignore.transpose(axes)
        block = _enlarged((1,) * image.ndim, image.shape, MEMORY_BLOCK)
    elif block is None:
        block = _enlarged(_common_chunk(image, image), image.shape, _stored_voxels(image))
    dtype = np.dtype(f"u{image.dtype.itemsize}")
    return ImageBlocks(image, ignore, name, axes, dtype, Regions(tuple(image.shape), block), in_memory)


def reading_threads(regions: Sequence[Slices], *, in_memory: bool) -> int:
    """Return how many threads read these regions: the processors, at most four; one for images not in memory."""
    if not in_memory:
        return 1
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(processors, MOST_THREADS, len(regions))


def refuse_negative(dtype: np.dtype, wrapped: np.ndarray, name: str) -> None:
    """Raise `LabelError` if labels of a signed dtype, seen as unsigned, were negative."""
    bits = 8 * dtype.itemsize
    negative = wrapped[wrapped >= np.uint64(1 << (bits - 1))] if dtype.kind == "i" else wrapped[:0]
    if negative.size:
        least = int(negative.min()) - (1 << bits)
        raise LabelError(f"{name} ({dtype}) has the negative label {least}; accepted: 0 (background) and above")


def _ignore_mask(ignore: Any, image: Any, name: str) -> Any:
    """Return a checked mask of the image's shape."""
    ignore = label_array(ignore, "the ignore mask")
    if tuple(ignore.shape) != tuple(image.shape):
        raise LabelError(
            f"the ignore mask has shape {tuple(ignore.shape)}, {name} has shape {tuple(image.shape)}; "
            "accepted: equal shapes"
        )
    return ignore


def may_hold(dtype: np.dtype, value: int) -> bool:
    """Return whether labels of a dtype can have a value."""
    least, most = (0, 1) if dtype.kind == "b" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
    return bool(least <= value <= most)


def where_label(labels: np.ndarray, value: int) -> np.ndarray:
    """Return where labels have a value, bool of their shape.

    Nowhere for one that their dtype cannot hold: with such NumPy 2.0 may crash, where labels are strided.
    """
    return np.asarray(labels == value) if may_hold(labels.dtype, value) else np.zeros(labels.shape, bool)


def label_array(array: Any, name: str) -> Any:
    """Return an array-like whose declared shape and dtype are those of a label image; others are converted first."""
    with _foreign(name):
        if not isinstance(getattr(array, "dtype", None), np.dtype):
            array = np.asarray(array)
        shape, dtype = tuple(array.shape), array.dtype
    if isinstance(array, np.ma.MaskedArray):
        raise _masked(name)
    if dtype.kind not in "iub":
        raise LabelError(f"{name} has dtype {dtype}; accepted: signed or unsigned integers, or bool")
    if not all(isinstance(extent, int | np.integer) for extent in shape):
        raise LabelError(
            f"{name} has the unknown shape {shape}; accepted: a known one (Dask: call `compute_chunk_sizes` first)"
        )
    if math.prod(shape) == 0 or len(shape) == 0:
        raise LabelError(f"{name} is empty: its shape is {shape}; accepted: at least one voxel")
    return array


def read_block(array: Any, region: Slices, name: str) -> np.ndarray:
    """Return a region of an image, held against what the image declares: arrays that compute may break their word."""
    with _foreign(name):
        block = array[region]
        if hasattr(block, "compute"):  # Dask's own conversion would drop a mask
            block = block.compute()
        if _is_masked(block):
            raise _masked(name)
        block = np.asarray(block)
    expected = tuple(part.stop - part.start for part in region)
    if block.shape != expected or block.dtype.newbyteorder("=") != array.dtype.newbyteorder("="):
        where = ", ".join(f"{part.start}:{part.stop}" for part in region)
        raise LabelError(
            f"{name} gave for its voxels [{where}] a block of shape {block.shape} and dtype {block.dtype}; "
            f"it declares shape {expected} and dtype {array.dtype} there"
        )
    return block


@contextmanager
def _foreign(name: str) -> Iterator[None]:
    """Turn whatever an array of another library raises into the documented `LabelError`, its cause kept."""
    try:
        yield
    except (HarnessError, MemoryError):
        raise
    except Exception as error:  # code of others: Dask graphs and codecs raise what they like
        problem = " ".join(str(error).split()) or "no message"
        raise LabelError(
            f"{name} cannot be read as an array ({type(error).__name__}: {problem}); "
            f"accepted: an array of integers or bool"
        ) from error


def _is_masked(array: Any) -> bool:
    """Return whether an array is masked, or what another library wraps as its data."""
    held = array if isinstance(array, np.ndarray) else getattr(array, "data", None)
    return isinstance(held, np.ma.MaskedArray)


def _masked(name: str) -> LabelError:
    return LabelError(f"{name} is a masked array; accepted: a plain label image (set masked voxels to 0)")


def _in_storage_order(truth: np.ndarray, pred: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return both with their axes sorted by stride, flattened if that needs no copy; pairs of voxels stay pairs."""
    order = sorted(range(truth.ndim), key=lambda axis: -abs(truth.strides[axis]))
    truth, pred = np.asarray(truth).transpose(order), np.asarray(pred).transpose(order)
    if truth.flags.c_contiguous and pred.flags.c_contiguous:
        return truth.reshape(-1), pred.reshape(-1)
    return truth, pred


def _common_chunk(truth: Any, pred: Any) -> tuple[int, ...]:
    """Return the smallest block to read in which as few chunks as possible of either array are decoded twice.

    It begins as whole chunks of both; where that is too much, it shrinks along the axis that costs least.
    """
    shape = tuple(int(extent) for extent in truth.shape)
    chunks = (_chunk(truth), _chunk(pred))
    block = tuple(min(extent, math.lcm(*sizes)) for extent, *sizes in zip(shape, *chunks, strict=True))

    def cost(sizes: tuple[int, ...]) -> float:
        return sum(_decoded(shape, chunk, sizes) for chunk in chunks)

    while math.prod(block) > LARGEST_COMMON_CHUNK:
        smaller = (
            (*block[:axis], _shrunk(size, chunks[0][axis], chunks[1][axis]), *block[axis + 1 :])
            for axis, size in enumerate(block)
            if size > 1
        )
        block = min(smaller, key=cost)
    return block


def _shrunk(size: int, *chunks: int) -> int:
    """Return at most half of a block's extent, a multiple of the larger chunk if it holds one, else of the smaller."""
    half = max(1, size // 2)
    return next((half - half % chunk for chunk in sorted(chunks, reverse=True) if half >= chunk), half)


def _decoded(shape: tuple[int, ...], chunk: tuple[int, ...], block: tuple[int, ...]) -> float:
    """Return how often a voxel is decoded on average when an image of these chunks is read in these blocks."""
    times = 1.0
    for extent, size, step in zip(shape, chunk, block, strict=True):
        starts = range(0, extent, step)
        touched = sum((min(start + step, extent) - 1) // size - start // size + 1 for start in starts)
        times *= touched / math.ceil(extent / size)
    return times


def _stored_voxels(*images: Any) -> int:
    """Return of how many voxels a block of stored images may be made up."""
    is_direct = all(getattr(image, "whole_chunks", None) is not None for image in images)
    return CHUNK_BLOCK if is_direct else STORAGE_BLOCK


def _chunk(array: Any) -> tuple[int, ...]:
    """Return the chunk shape of a stored array (Dask: its largest chunk), ones where it has none."""
    chunk = getattr(array, "chunksize", None) or getattr(array, "chunks", None)
    axes = len(array.shape)
    if not isinstance(chunk, tuple) or len(chunk) != axes or not all(isinstance(size, int) for size in chunk):
        return (1,) * axes
    return tuple(min(max(size, 1), extent) for size, extent in zip(chunk, array.shape, strict=True))


def _enlarged(block: tuple[int, ...], shape: tuple[int, ...], limit: int) -> tuple[int, ...]:
    """Return a multiple of `block` of at most `limit` voxels (but one block), as long as possible in the last axes."""
    sizes = list(block)
    for axis in reversed(range(len(shape))):
        factor = max(1, limit // math.prod(sizes))
        sizes[axis] = min(sizes[axis] * factor, shape[axis])
        if sizes[axis] < shape[axis]:
            break
    return tuple(sizes)


def _flat(array: np.ndarray, dtype: np.dtype) -> np.ndarray:
    native = array.astype(array.dtype.newbyteorder("="), copy=False)
    return np.ascontiguousarray(native.view(f"u{native.dtype.itemsize}"), dtype=dtype).reshape(-1)
