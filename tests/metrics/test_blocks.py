"""Blocks cover the images once, in pairs, without copying what is contiguous."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse
import zarr
from hypothesis import given
from hypothesis import strategies as st
from zarr.codecs import BloscCodec, GzipCodec, ZstdCodec

from harness.datasets.readers import read_labels
from harness.errors import DataError, LabelError
from harness.metrics.blocks import (
    CHUNK_BLOCK,
    CHUNKS_AHEAD,
    LARGEST_COMMON_CHUNK,
    MEMORY_BLOCK,
    MOST_THREADS,
    STORAGE_BLOCK,
    Regions,
    _chunk,
    _decoded,
    image_blocks,
    paired_blocks,
    reading_threads,
    refuse_negative,
    where_label,
)
from harness.metrics.overlap import overlap_table


def everything(truth: object, pred: object, **options: Any) -> set[tuple[int, int]]:
    blocks = paired_blocks(truth, pred, **options)
    seen: list[tuple[int, int]] = []
    for region in blocks.regions:
        seen += zip(*(part.tolist() for part in blocks.read(region)), strict=True)
    assert len(seen) == len(set(seen))
    return set(seen)


TRUTH = np.arange(4 * 5 * 6, dtype=np.int32).reshape(4, 5, 6)
PRED = TRUTH[::-1, :, ::-1].astype(np.uint16).copy()
EXPECTED = set(zip(TRUTH.reshape(-1).tolist(), PRED.reshape(-1).tolist(), strict=True))


@pytest.mark.parametrize("block", [None, (1, 1, 1), (4, 5, 6), (3, 2, 4), (9, 9, 9)])
def test_every_block_shape_gives_every_pair_once(block: tuple[int, ...] | None) -> None:
    assert everything(TRUTH, PRED, block=block) == EXPECTED


@pytest.mark.parametrize(
    "layout",
    [
        np.asfortranarray,
        lambda a: np.repeat(a, 2, axis=2)[:, :, ::2],
        lambda a: a[::-1, ::-1].copy()[::-1, ::-1],
        lambda a: np.transpose(np.ascontiguousarray(np.transpose(a, (2, 0, 1))), (1, 2, 0)),
        lambda a: a.astype(a.dtype.newbyteorder()),
        lambda a: a.tolist(),
    ],
    ids=["Fortran", "strided", "flipped", "transposed", "other byte order", "list"],
)
def test_memory_layout_does_not_matter(layout: object) -> None:
    assert everything(layout(TRUTH), layout(PRED)) == EXPECTED
    assert everything(layout(TRUTH), PRED) == EXPECTED


def test_contiguous_arrays_are_not_copied() -> None:
    truth = np.zeros((50, 60), np.int32, order="F")
    blocks = paired_blocks(truth, np.ones((50, 60), np.uint32, order="F"))
    assert all(np.shares_memory(blocks.read(region)[0], truth) for region in blocks.regions)


def test_strided_arrays_are_read_in_small_blocks() -> None:
    image = np.broadcast_to(np.uint8(1), (3, 5000, 4000))
    blocks = paired_blocks(image, image)
    sizes = [blocks.read(region)[0].size for region in blocks.regions]
    assert sum(sizes) == image.size
    assert max(sizes) <= MEMORY_BLOCK


class Stored:
    """An array that only slices, as Zarr and HDF5 datasets do, and notes what was asked of it."""

    def __init__(self, array: np.ndarray, chunks: tuple[int, ...] | None) -> None:
        self.array, self.chunks = array, chunks
        self.shape, self.dtype, self.asked = array.shape, array.dtype, []

    def __getitem__(self, region: tuple[slice, ...]) -> np.ndarray:
        self.asked.append(region)
        return self.array[region]


def test_blocks_of_stored_arrays_are_whole_chunks_of_both() -> None:
    image = np.zeros((64, 2048, 512), np.uint8)
    truth, pred = Stored(image, (16, 256, 64)), Stored(image, (1, 512, 512))
    blocks = paired_blocks(truth, pred)
    assert all(r[0].start % 16 == 0 and r[1].start % 512 == 0 and r[2] == slice(0, 512) for r in blocks.regions)
    assert not blocks.in_memory


def test_contradicting_chunks_do_not_make_a_huge_block() -> None:
    image = np.broadcast_to(np.uint8(0), (4096, 4096, 64))
    blocks = paired_blocks(Stored(image, (4096, 1, 64)), Stored(image, (1, 4096, 64)))
    assert max(np.prod([s.stop - s.start for s in region]) for region in blocks.regions) <= LARGEST_COMMON_CHUNK


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex64, object, "datetime64[s]"])
def test_other_dtypes_are_refused_by_name(dtype: object) -> None:
    good = np.zeros((2, 2), np.uint8)
    bad = np.zeros((2, 2), dtype)
    with pytest.raises(
        LabelError,
        match=rf"prediction has dtype {np.dtype(dtype).name}.*accepted: signed or unsigned".replace("[", r"\["),
    ):
        paired_blocks(good, bad)
    with pytest.raises(LabelError, match="truth has dtype"):
        paired_blocks(bad, good)


@pytest.mark.parametrize("shape", [(0,), (0, 5), (3, 0, 2), ()])
def test_empty_images_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(LabelError, match=r"is empty.*at least one voxel"):
        paired_blocks(np.zeros(shape, int), np.zeros(shape, int))


def test_shapes_must_be_equal() -> None:
    with pytest.raises(LabelError, match=r"prediction has shape \(4, 1\), truth has shape \(4, 5\)"):
        paired_blocks(np.zeros((4, 5), int), np.zeros((4, 1), int))


def test_masked_arrays_are_refused() -> None:
    with pytest.raises(LabelError, match="masked array"):
        paired_blocks(np.ma.zeros((2, 2), int), np.zeros((2, 2), int))


class Lying(Stored):
    """An array that declares one shape and dtype and gives blocks of another, as a Dask graph may."""

    def __init__(self, array: np.ndarray, given: np.ndarray | Exception) -> None:
        super().__init__(array, None)
        self.given = given

    def __getitem__(self, region: tuple[slice, ...]) -> np.ndarray:
        if isinstance(self.given, Exception):
            raise self.given
        return self.given


GOOD = np.ones((4, 6), np.int32)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (np.ones((4, 5), np.int32), r"voxels \[0:4, 0:6\] a block of shape \(4, 5\) and dtype int32; it declares"),
        (np.ones((4, 7), np.int32), r"shape \(4, 7\)"),
        (np.ones((6, 4), np.int32), r"shape \(6, 4\)"),
        (np.ones(24, np.int32), r"shape \(24,\)"),
        (np.ones((4, 6), np.int64), "dtype int64; it declares .* dtype int32"),
        (np.ones((4, 6), np.uint32), "dtype uint32"),
        (np.ones((4, 6), np.float32), "dtype float32"),
        (np.ones((4, 6), bool), "dtype bool"),
        (np.full((4, 6), None), "dtype object"),
        (np.ma.ones((4, 6), np.int32), "is a masked array"),
        (RuntimeError("the graph\nfell over"), r"cannot be read as an array \(RuntimeError: the graph fell over\)"),
        (KeyError(), r"\(KeyError: no message\)"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value)[:20],
)
def test_each_block_is_held_against_what_its_image_declares(given: np.ndarray | Exception, message: str) -> None:
    with pytest.raises(LabelError, match=f"prediction .*{message}"):
        everything(GOOD, Lying(GOOD, given))
    with pytest.raises(LabelError, match=f"truth .*{message}"):
        everything(Lying(GOOD, given), GOOD)


def test_blocks_may_have_another_byte_order_than_declared() -> None:
    swapped = GOOD.astype(GOOD.dtype.newbyteorder())
    blocks = paired_blocks(Lying(GOOD, swapped), GOOD)
    assert all((blocks.read(region)[0] == 1).all() for region in blocks.regions)


def test_errors_of_the_harness_and_lack_of_memory_stay_what_they_are() -> None:
    for error in (DataError("volume.h5: damaged"), MemoryError()):
        with pytest.raises(type(error)):
            everything(GOOD, Lying(GOOD, error))


class Dataset:
    """As of xarray: no shape, no dtype, and no array."""

    def __array__(self, *_: object, **__: object) -> np.ndarray:
        raise TypeError("cannot directly convert a Dataset into an array")


class Sparse:
    """As of the sparse library: slices like an array, and refuses to become one."""

    shape, dtype = (4, 6), np.dtype(np.int32)

    def __getitem__(self, region: tuple[slice, ...]) -> Sparse:
        return self

    def __array__(self, *_: object, **__: object) -> np.ndarray:
        raise RuntimeError("Cannot convert a sparse array to dense automatically")


def test_arrays_of_other_libraries_fail_with_the_documented_error() -> None:
    bfloat16 = np.zeros((4, 6), pytest.importorskip("ml_dtypes").bfloat16)
    for wrong in (
        Dataset(),
        Sparse(),
        bfloat16,
        scipy.sparse.csr_array(GOOD),
        None,
        "labels.tif",
        [[1, 2], [3]],
        object(),
    ):
        with pytest.raises(LabelError):
            everything(wrong, GOOD)
        with pytest.raises(LabelError):
            everything(GOOD, wrong)


def test_dask_arrays_that_break_their_word() -> None:
    dask = pytest.importorskip("dask.array")
    lazy = dask.from_array(GOOD, chunks=(2, 3))
    assert overlap_table(lazy, GOOD.astype(np.uint8)).counts.tolist() == [GOOD.size]
    with pytest.raises(LabelError, match="masked array"):
        everything(dask.ma.masked_equal(lazy, 0), GOOD)
    with pytest.raises(LabelError, match=r"unknown shape .*compute_chunk_sizes"):
        everything(lazy[lazy[:, 0] > 0], lazy[lazy[:, 0] > 0])
    with pytest.raises(LabelError, match="a block of shape"):
        everything(lazy.map_blocks(lambda block: block[:, :1], dtype=lazy.dtype, chunks=(2, 3)), GOOD)
    with pytest.raises(LabelError, match="dtype float64; it declares"):
        everything(lazy.map_blocks(lambda block: block * 1.0, dtype=lazy.dtype), GOOD)


def test_negative_labels_of_a_lazy_array_are_refused_as_in_memory() -> None:
    dask = pytest.importorskip("dask.array")
    for image in (-GOOD, dask.from_array(-GOOD, chunks=(2, 3))):
        with pytest.raises(LabelError, match="negative label -1"):
            overlap_table(image, GOOD)


@pytest.mark.parametrize(
    ("shape", "first", "second", "times"),
    [
        ((512, 512, 512), (1, 512, 512), (64, 64, 64), 2.0),
        ((512, 512, 512), (1, 512, 512), (512, 512, 1), 6.0),
        ((512, 512, 512), (64, 64, 64), (100, 100, 100), 5.0),
        ((4096, 4096, 64), (4096, 1, 64), (1, 4096, 64), 9.0),
        ((300, 300), (7, 300), (300, 11), 2.0),
    ],
)
def test_few_chunks_of_images_that_are_chunked_differently_are_decoded_twice(
    shape: tuple[int, ...], first: tuple[int, ...], second: tuple[int, ...], times: float
) -> None:
    image = np.broadcast_to(np.uint8(0), shape)
    blocks = paired_blocks(Stored(image, first), Stored(image, second))
    decoded = [
        sum(
            np.prod([(s.stop - 1) // c - s.start // c + 1 for s, c in zip(region, chunk, strict=True)])
            for region in blocks.regions
        )
        / np.prod([-(-extent // c) for extent, c in zip(shape, chunk, strict=True)])
        for chunk in (first, second)
    ]
    assert sum(decoded) <= 2 * times
    assert max(np.prod([s.stop - s.start for s in region]) for region in blocks.regions) <= LARGEST_COMMON_CHUNK


@pytest.mark.parametrize("block", [None, (1, 1, 1), (3, 2, 4), (9, 9, 9)])
@pytest.mark.parametrize("layout", [np.ascontiguousarray, np.asfortranarray, lambda a: a[::-1, :, ::-1]])
def test_blocks_of_one_image_cover_it_once(
    layout: Callable[[np.ndarray], np.ndarray], block: tuple[int, ...] | None
) -> None:
    image = layout(TRUTH)
    blocks = image_blocks(image, "the image", block=block)
    found = np.zeros([image.shape[axis] for axis in blocks.axes], blocks.dtype)
    for region in blocks.regions:
        part = blocks.read(region)
        assert part.flags.c_contiguous
        found[region] = part.reshape([one.stop - one.start for one in region])
    assert np.array_equal(found.transpose(np.argsort(blocks.axes)), image)
    assert blocks.dtype == np.uint32


def test_ignored_voxels_of_one_image_are_background() -> None:
    ignore = np.zeros(TRUTH.shape, bool)
    ignore[1] = True
    blocks = image_blocks(TRUTH, "the image", ignore=ignore)
    found = np.concatenate([blocks.read(region) for region in blocks.regions]).reshape(TRUTH.shape)
    assert np.array_equal(found, np.where(ignore, 0, TRUTH))


def test_one_image_is_called_by_its_name() -> None:
    with pytest.raises(LabelError, match="the image has dtype float64"):
        image_blocks(np.zeros(3), "the image")
    with pytest.raises(LabelError, match=r"the ignore mask has shape \(2,\), the image has shape \(3,\)"):
        image_blocks(np.zeros(3, int), "the image", ignore=np.zeros(2, int))


def test_threads_are_one_where_storage_is_read() -> None:
    regions = paired_blocks(TRUTH, PRED, block=(1, 1, 1)).regions
    assert reading_threads(regions, in_memory=False) == 1
    assert 1 <= reading_threads(regions, in_memory=True) <= MOST_THREADS
    assert reading_threads(regions[:1], in_memory=True) == 1


@pytest.mark.parametrize(("usable", "threads"), [(1, 1), (2, 2), (4, 4), (9, 4)])
def test_threads_are_as_many_as_processors_and_at_most_four(
    monkeypatch: pytest.MonkeyPatch, usable: int, threads: int
) -> None:
    regions = paired_blocks(TRUTH, PRED, block=(1, 1, 1)).regions
    monkeypatch.setattr("os.sched_getaffinity", lambda process: set(range(usable)) if process == 0 else set())
    assert reading_threads(regions, in_memory=True) == threads
    monkeypatch.delattr("os.sched_getaffinity")
    monkeypatch.setattr("os.cpu_count", lambda: usable)
    assert reading_threads(regions, in_memory=True) == threads
    monkeypatch.setattr("os.cpu_count", lambda: None)
    assert reading_threads(regions, in_memory=True) == 1


def test_negative_labels_are_named_by_the_least() -> None:
    refuse_negative(np.dtype("u2"), np.array([65535], np.uint64), "the image")
    with pytest.raises(LabelError, match=r"the image \(int16\) has the negative label -2; accepted: 0"):
        refuse_negative(np.dtype("i2"), np.array([65535, 65534, 7], np.uint64), "the image")
    refuse_negative(np.dtype("i2"), np.array([32767], np.uint64), "the image")
    with pytest.raises(LabelError, match="negative label -32768"):
        refuse_negative(np.dtype("i2"), np.array([32768], np.uint64), "the image")


def test_regions_are_counted_like_a_list() -> None:
    regions = Regions((3, 5), (2, 2))
    assert len(regions) == 6
    assert regions[0] == (slice(0, 2), slice(0, 2))
    assert regions[-1] == regions[5] == (slice(2, 3), slice(4, 5))
    assert regions[-6] == regions[0]
    assert regions[1:6:3] == [(slice(0, 2), slice(2, 4)), (slice(2, 3), slice(2, 4))]
    for number in (6, -7):
        with pytest.raises(IndexError, match=f"block {number} of 6"):
            _ = regions[number]


@pytest.mark.parametrize(
    ("limit", "block"), [(5, (3, 4)), (48, (3, 16)), (60, (3, 20)), (130, (6, 20)), (10_000, (10, 20))]
)
def test_blocks_grow_from_chunks_along_the_last_axes(
    monkeypatch: pytest.MonkeyPatch, limit: int, block: tuple[int, ...]
) -> None:
    monkeypatch.setattr("harness.metrics.blocks.STORAGE_BLOCK", limit)
    image = np.zeros((10, 20), np.uint8)
    assert paired_blocks(Stored(image, (3, 4)), image).regions.block == block
    assert image_blocks(Stored(image, (3, 4)), "the image").regions.block == block


def test_blocks_in_memory_are_whole_lines_and_planes(monkeypatch: pytest.MonkeyPatch) -> None:
    image = np.zeros((4, 6, 16), np.uint8)[:, :, ::2]
    for limit, block in ((5, (1, 1, 5)), (16, (1, 2, 8)), (96, (2, 6, 8)), (500, (4, 6, 8))):
        monkeypatch.setattr("harness.metrics.blocks.MEMORY_BLOCK", limit)
        assert paired_blocks(image, image).regions.block == block
        assert image_blocks(image, "the image").regions.block == block


@pytest.mark.parametrize(
    ("shape", "first", "second", "limit", "block"),
    [
        ((8, 8), (8, 1), (1, 8), 64, (8, 8)),
        ((8, 8), (8, 1), (1, 8), 63, (4, 8)),
        ((8, 8), (8, 1), (1, 8), 16, (4, 4)),
        ((10, 9), (4, 3), (3, 3), 20, (4, 3)),
        ((10, 9), (4, 3), (3, 3), 30, (10, 3)),
        ((4, 6), (9, 0), (9, 0), 99, (4, 1)),
        ((4, 6), (2,), (2, 2), 99, (2, 2)),
        ((4, 6), ((2, 2), (3, 3)), (2, 2), 99, (2, 2)),
        ((4, 6), None, (2, 2), 99, (2, 2)),
        ((1, 8, 8), (1, 8, 1), (1, 1, 8), 16, (1, 4, 4)),
        ((2, 2), (2, 1), (1, 2), 1, (1, 1)),
        ((3,), (3,), (3,), 2, (1,)),
        ((9,), (4,), (3,), 8, (4,)),
        ((12,), (3,), (4,), 8, (4,)),
    ],
)
def test_common_blocks_shrink_where_the_fewest_chunks_are_decoded_twice(
    monkeypatch: pytest.MonkeyPatch,
    shape: tuple[int, ...],
    first: Any,
    second: Any,
    limit: int,
    block: tuple[int, ...],
) -> None:
    monkeypatch.setattr("harness.metrics.blocks.LARGEST_COMMON_CHUNK", limit)
    monkeypatch.setattr("harness.metrics.blocks.STORAGE_BLOCK", 1)
    image = np.zeros(shape, np.uint8)
    assert paired_blocks(Stored(image, first), Stored(image, second)).regions.block == block


def test_true_is_no_value_to_ignore() -> None:
    with pytest.raises(LabelError, match="the ignore mask is empty"):
        paired_blocks(GOOD, GOOD, ignore=True)


@pytest.mark.parametrize("block", [None, (1, 6), (3, 4)])
@pytest.mark.parametrize("lazy", [False, True])
def test_ignored_voxels_of_a_pair_are_left_out_of_both(block: tuple[int, ...] | None, lazy: bool) -> None:
    truth, pred = np.arange(24, dtype=np.int32).reshape(4, 6), np.arange(24, 48, dtype=np.uint16).reshape(4, 6)
    mask = np.zeros((4, 6), np.uint8)
    mask[1, 2], mask[3, 5] = 1, 2
    kept = {(n, n + 24) for n in range(24)}
    images = (Stored(truth, None), Stored(pred, None)) if lazy else (truth, pred)
    assert everything(*images, ignore=Stored(mask, None) if lazy else mask, block=block) == kept - {(8, 32), (23, 47)}
    for value in (8, np.uint8(8)):
        assert everything(*images, ignore=value, block=block) == kept - {(8, 32)}


def test_both_images_are_read_as_the_wider_of_their_dtypes() -> None:
    for truth, pred in ((GOOD, GOOD.astype(np.uint8)), (GOOD.astype(np.uint8), GOOD)):
        blocks = paired_blocks(truth, pred)
        assert blocks.dtype == np.uint32
        assert blocks.in_memory is True
        assert [part.dtype for part in blocks.read(blocks.regions[0])] == [np.uint32, np.uint32]


def test_a_mask_of_a_pair_is_checked_against_the_truth_and_called_by_its_name() -> None:
    with pytest.raises(LabelError, match=r"^the ignore mask has shape \(6, 4\), truth has shape \(4, 6\)"):
        paired_blocks(GOOD, GOOD, ignore=GOOD.T)
    with pytest.raises(LabelError, match=r"^the ignore mask cannot be read"):
        everything(GOOD, GOOD, ignore=Lying(GOOD, RuntimeError()))


def test_one_image_in_memory_is_read_in_the_order_of_its_storage() -> None:
    blocks = image_blocks(np.asfortranarray(TRUTH), "the image")
    assert blocks.axes == (2, 1, 0)
    assert blocks.in_memory is True
    assert np.shares_memory(blocks.read(blocks.regions[0]), blocks.image)
    assert image_blocks(Stored(TRUTH, None), "the image").in_memory is False


def test_one_image_and_its_mask_are_called_by_their_names_where_they_cannot_be_read() -> None:
    broken = Lying(GOOD, RuntimeError())
    for image, ignore, name in ((broken, None, "the image"), (GOOD, broken, "the ignore mask")):
        blocks = image_blocks(image, "the image", ignore=ignore)
        with pytest.raises(LabelError, match=f"^{name} cannot be read"):
            blocks.read(blocks.regions[0])


def test_images_that_are_refused_at_once_are_called_by_their_names() -> None:
    for wrong, message in (
        (Dataset(), r"cannot be read as an array \(TypeError"),
        (np.ma.zeros((4, 6), np.int32), "is a masked array"),
    ):
        with pytest.raises(LabelError, match=f"^truth {message}"):
            paired_blocks(wrong, GOOD)
        with pytest.raises(LabelError, match=f"^prediction {message}"):
            paired_blocks(GOOD, wrong)


def test_an_extent_that_is_not_known_is_refused() -> None:
    growing = Stored(GOOD, None)
    growing.shape = (4, float("nan"))
    with pytest.raises(LabelError, match=r"^truth has the unknown shape \(4, nan\); accepted: a known one"):
        paired_blocks(growing, growing)


class Wrapped:
    """What holds an array and becomes one without its mask, as arrays of xarray and Dask do."""

    def __init__(self, data: np.ndarray) -> None:
        self.data = data

    def __array__(self, *_: object, **__: object) -> np.ndarray:
        return np.asarray(self.data)


class Graph(Wrapped):
    """As Dask's: the mask is there once it is computed, and it holds nothing before."""

    def __init__(self, computed: np.ndarray) -> None:
        self.computed = computed

    def compute(self) -> np.ndarray:
        return self.computed

    def __array__(self, *_: object, **__: object) -> np.ndarray:
        return np.asarray(self.computed)


@pytest.mark.parametrize("kind", [Wrapped, Graph])
def test_a_mask_is_found_within_what_other_libraries_make(kind: Callable[[np.ndarray], np.ndarray]) -> None:
    blocks = paired_blocks(Lying(GOOD, kind(GOOD)), GOOD)
    assert blocks.read(blocks.regions[0])[0].tolist() == [1] * 24
    with pytest.raises(LabelError, match=r"^truth is a masked array"):
        everything(Lying(GOOD, kind(np.ma.masked_equal(GOOD, 1))), GOOD)


def test_blocks_may_be_lists() -> None:
    labels = np.arange(6).reshape(2, 3)
    assert everything(Lying(labels, labels.tolist()), labels) == {(n, n) for n in range(6)}


def test_images_are_flattened_only_where_neither_is_copied() -> None:
    rows = np.zeros((4, 6), np.int32)
    columns = np.zeros((4, 6), np.int32, order="F")
    for truth, pred, is_flat in ((rows, rows, True), (columns, columns, True), (rows, columns, False)):
        for one, other in ((truth, pred), (pred, truth)):
            blocks = paired_blocks(one, other)
            assert np.shares_memory(blocks.truth, one)
            assert np.shares_memory(blocks.pred, other)
            assert (blocks.truth.ndim == blocks.pred.ndim == 1) == is_flat


def test_the_largest_chunk_is_that_of_an_array_whose_chunks_differ() -> None:
    uneven = Stored(np.zeros((8, 9), np.uint8), ((3, 3, 2), (4, 4, 1)))
    uneven.chunksize = (3, 4)
    assert _chunk(uneven) == (3, 4)
    assert _chunk(Stored(np.zeros((8, 9), np.uint8), (3, 4))) == (3, 4)


@pytest.mark.parametrize(
    ("shape", "chunk", "block", "times"),
    [
        ((10,), (4,), (4,), 1.0),
        ((10,), (4,), (10,), 1.0),
        ((10,), (4,), (3,), 6 / 3),
        ((10,), (4,), (1,), 10 / 3),
        ((10,), (3,), (5,), 5 / 4),
        ((10, 6), (4, 2), (3, 3), 6 / 3 * 4 / 3),
    ],
)
def test_a_chunk_is_decoded_once_by_each_block_that_touches_it(
    shape: tuple[int, ...], chunk: tuple[int, ...], block: tuple[int, ...], times: float
) -> None:
    assert _decoded(shape, chunk, block) == pytest.approx(times)


@given(
    data=st.data(),
    shape=st.tuples(st.integers(2, 9), st.integers(2, 9), st.integers(2, 9)),
    leading=st.integers(0, 2),
    dtypes=st.tuples(st.sampled_from(["bool", "uint8", "int16", "uint32"]), st.sampled_from(["uint8", "int32"])),
    ignore=st.sampled_from([None, 1, "mask"]),
    is_missing=st.booleans(),
)
def test_whole_chunks_are_read_as_any_block(
    tmp_path_factory: pytest.TempPathFactory,
    data: st.DataObject,
    shape: tuple[int, ...],
    leading: int,
    dtypes: tuple[str, str],
    ignore: int | str | None,
    is_missing: bool,
) -> None:
    chunks = data.draw(st.tuples(*(st.integers(1, size) for size in shape)), "chunks")
    ones = (data.draw(st.integers(1, 2), "chunk of an axis of length one"),) * leading
    folder, rng = tmp_path_factory.mktemp("stored"), np.random.default_rng(math.prod(shape))
    images: dict[str, Any] = {}
    for name, dtype in zip(("truth", "pred", "mask"), (*dtypes, "uint8"), strict=True):
        values = rng.integers(0, 3, shape).astype(dtype)
        codec = BloscCodec() if name == "truth" else ZstdCodec()
        whole = (1,) * leading + shape
        array = zarr.create_array(folder / name, shape=whole, chunks=ones + chunks, dtype=dtype, compressors=codec)
        array[...] = values.reshape(whole)
        if is_missing:
            shutil.rmtree(folder.joinpath(name, "c", *"0" * (leading + 1)), ignore_errors=True)
        images[name] = read_labels(folder / name)
        assert (images[name].whole_chunks is not None) is (max(ones, default=1) == 1)
    mask = images["mask"] if ignore == "mask" else ignore
    blocks = paired_blocks(images["truth"], images["pred"], ignore=mask, block=chunks)
    numbers = data.draw(st.lists(st.sampled_from(range(len(blocks.regions)))), "blocks")
    regions = [blocks.regions[number] for number in (*numbers, len(blocks.regions) - 1)]
    for count, (region, pair) in enumerate(zip(regions, blocks.each(iter(regions)), strict=True)):
        for found, expected in zip(pair, blocks.read(region), strict=True):
            assert found.dtype == expected.dtype == blocks.dtype
            assert found.flags.c_contiguous
            assert np.array_equal(found, expected), count


@pytest.mark.parametrize(("codec", "voxels"), [(ZstdCodec(), CHUNK_BLOCK), (GzipCodec(), STORAGE_BLOCK)])
def test_blocks_are_whole_chunks_where_they_cost_no_more_than_their_codec(
    tmp_path: Path, codec: Any, voxels: int
) -> None:
    zarr.create_array(tmp_path / "a", shape=(128,) * 3, chunks=(64,) * 3, dtype="uint8", compressors=codec)
    image = read_labels(tmp_path / "a")
    for blocks in (paired_blocks(image, image), image_blocks(image, "truth")):
        assert math.prod(blocks.regions.block) == voxels
    assert math.prod(paired_blocks(image, np.zeros((128,) * 3, np.uint8)).regions.block) == STORAGE_BLOCK


def test_a_damaged_chunk_ends_each_with_its_name(tmp_path: Path) -> None:
    array = zarr.create_array(tmp_path / "a", shape=(40,), chunks=(4,), dtype="uint8", compressors=ZstdCodec())
    array[...] = np.arange(40)
    (tmp_path / "a" / "c" / "3").write_bytes(b"(damaged)")
    image = read_labels(tmp_path / "a")
    blocks = paired_blocks(image, image, block=(4,))
    pairs = blocks.each(blocks.regions)
    assert [next(pairs)[0].tolist() for _ in range(3)] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]
    with pytest.raises(DataError, match=f"{tmp_path / 'a' / 'c' / '3'}: truncated or not readable as Zarr"):
        next(pairs)


def test_axes_in_another_order_are_read_as_they_are_named(tmp_path: Path) -> None:
    values = np.arange(2 * 6 * 4, dtype=np.uint16).reshape(2, 6, 4)
    for name, axes in (("truth", "zyx"), ("pred", "xyz")):
        stored = np.ascontiguousarray(values if axes == "zyx" else values.transpose(2, 1, 0))
        array = zarr.create_array(
            tmp_path / name,
            shape=stored.shape,
            chunks=(2, 2, 2),
            dtype=stored.dtype,
            compressors=ZstdCodec(),
            dimension_names=tuple(axes),
        )
        array[...] = stored
    truth, pred = read_labels(tmp_path / "truth"), read_labels(tmp_path / "pred")
    assert truth.whole_chunks is not None
    assert pred.whole_chunks is None
    blocks = paired_blocks(truth, pred, block=(2, 2, 2))
    for found_truth, found_pred in blocks.each(blocks.regions):
        assert np.array_equal(found_truth, found_pred)


@pytest.mark.parametrize("block", [None, (3, 4), (6, 8), (2, 8)])
def test_chunks_that_differ_or_are_no_block_are_read_alike(tmp_path: Path, block: tuple[int, ...] | None) -> None:
    values = np.arange(48, dtype=np.uint8).reshape(6, 8)
    for name, chunks in (("truth", (3, 4)), ("pred", (2, 8)), ("same", (3, 4))):
        array = zarr.create_array(tmp_path / name, shape=(6, 8), chunks=chunks, dtype="uint8", compressors=ZstdCodec())
        array[...] = values
    for name in ("pred", "same"):
        images = read_labels(tmp_path / "truth"), read_labels(tmp_path / name)
        blocks = paired_blocks(*images, block=block)
        seen = [(pair[0].tolist(), pair[1].tolist()) for pair in blocks.each(blocks.regions)]
        expected = [values[region].reshape(-1).tolist() for region in blocks.regions]
        assert seen == [(labels, labels) for labels in expected]


def test_files_ahead_are_few_where_they_are_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    array = zarr.create_array(tmp_path / "a", shape=(80,), chunks=(4,), dtype="uint8", compressors=ZstdCodec())
    array[...] = np.arange(80)
    image = read_labels(tmp_path / "a")
    blocks = paired_blocks(image, image, block=(4,))
    read: list[tuple[int, ...]] = []
    encoded = image.whole_chunks.reader.encoded
    monkeypatch.setattr(image.whole_chunks.reader, "encoded", lambda number: (read.append(number), encoded(number))[1])
    for most, ahead in ((1, 1), (8, 1), (24, 3), (1 << 20, CHUNKS_AHEAD)):
        read.clear()
        monkeypatch.setattr("harness.metrics.blocks.AHEAD_BYTES", most)
        next(blocks.each(blocks.regions))
        assert len(read) == 2 * ahead


@pytest.mark.parametrize("value", [-1, 1 << 16, 1 << 40, 1 << 70])
@pytest.mark.parametrize("dtype", ["uint16", "bool"])
def test_a_value_to_ignore_that_no_label_can_have_ignores_nothing(tmp_path: Path, value: int, dtype: str) -> None:
    values = np.ones((5, 4, 3), dtype)
    array = zarr.create_array(tmp_path / "a", shape=(5, 4, 3), chunks=(2, 3, 2), dtype=dtype, compressors=ZstdCodec())
    array[...] = values
    for image in (values, read_labels(tmp_path / "a")):
        assert overlap_table(image, values, ignore=value).voxels == values.size


@given(
    dtype=st.sampled_from(["bool", "uint8", "int8", "int16", "uint64"]),
    shape=st.lists(st.integers(1, 6), min_size=1, max_size=3).map(tuple),
    value=st.sampled_from([-(1 << 70), -129, -1, 0, 1, 255, 256, 1 << 40, 1 << 64]),
)
def test_labels_of_a_value_are_found_also_where_they_are_strided(
    dtype: str, shape: tuple[int, ...], value: int
) -> None:
    labels = np.random.default_rng(0).integers(0, 2, tuple(2 * size for size in shape)).astype(dtype)
    labels[(0,) * labels.ndim] = labels.dtype.type(value & 1)
    part = labels[tuple(slice(0, size) for size in shape)]
    expected = [int(label) == value for label in part.reshape(-1).tolist()]
    assert where_label(part, value).reshape(-1).tolist() == expected
    assert where_label(part, value).shape == shape
