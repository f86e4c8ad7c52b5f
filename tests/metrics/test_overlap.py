"""The overlap table: right counts whatever the dtype, layout, storage and size."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given

from harness.errors import LabelError
from harness.metrics import OverlapTable, overlap_table
from harness.metrics.overlap import Pairs
from tests.metrics.images import Pair, hostile_pairs, pairs
from tests.metrics.naive import dense

ARRAYS = ("truth_ids", "pred_ids", "truth_sizes", "pred_sizes", "rows", "cols", "counts")


def assert_equal(one: OverlapTable, other: OverlapTable) -> None:
    assert one.voxels == other.voxels
    for name in ARRAYS:
        assert np.array_equal(getattr(one, name), getattr(other, name)), name


@given(pairs())
def test_table_equals_the_definition(pair: Pair) -> None:
    truth, pred = pair
    table = overlap_table(truth, pred)
    full = np.zeros((table.truth_ids.size, table.pred_ids.size))
    full[table.rows, table.cols] = table.counts
    assert np.array_equal(full, dense(truth, pred))
    assert np.array_equal(table.truth_ids, np.unique(truth))
    assert np.array_equal(table.pred_ids, np.unique(pred))
    assert np.array_equal(table.truth_sizes, full.sum(1))
    assert np.array_equal(table.pred_sizes, full.sum(0))
    assert table.voxels == truth.size
    assert np.all(np.diff(table.rows * table.pred_ids.size + table.cols) > 0)


def test_objects_leave_out_background_and_after_first_the_smallest_label() -> None:
    table = overlap_table(np.array([0, 1, 1, 2]), np.array([5, 5, 6, 6]))
    assert (table.n_truth, table.n_pred) == (2, 2)
    assert table.objects.counts.tolist() == [1, 1, 1]
    assert table.objects.unions.tolist() == [3, 3, 2]
    assert table.after_first.counts.tolist() == [1, 1]
    assert table.objects.iou.tolist() == [1 / 3, 1 / 3, 1 / 2]


@given(pairs())
def test_candidates_hold_every_pair_that_reaches_the_threshold(pair: Pair) -> None:
    objects = overlap_table(*pair).objects
    for threshold in (0.1, 0.5, 0.75):
        wanted = set(zip(*(x[objects.iou >= threshold].tolist() for x in (objects.rows, objects.cols)), strict=True))
        candidates = objects.candidates(threshold)
        assert wanted <= set(zip(candidates.rows.tolist(), candidates.cols.tolist(), strict=True))


@pytest.mark.parametrize("truth_dtype", ["u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8", ">u2", ">i4"])
@pytest.mark.parametrize("pred_dtype", ["u1", "i2", "u4", "i8"])
def test_dtypes_do_not_matter(truth_dtype: str, pred_dtype: str) -> None:
    truth, pred = hostile_pairs()["shifted 3d"]
    assert_equal(overlap_table(truth.astype(truth_dtype), pred.astype(pred_dtype)), overlap_table(truth, pred))


@pytest.mark.parametrize("dtype", [np.int64, np.uint64])
def test_huge_ids(dtype: type) -> None:
    ids = np.array([0, 2**40, 2**63 - 1, 2**62 + 1], dtype)
    table = overlap_table(ids[[0, 1, 1, 2, 3]], ids[[0, 1, 2, 2, 3]])
    assert table.truth_ids.tolist() == [0, 2**40, 2**62 + 1, 2**63 - 1]
    assert table.counts.tolist() == [1, 1, 1, 1, 1]


def test_ids_of_2_to_the_63_and_above_are_objects() -> None:
    image = np.array([0, 2**63, 2**64 - 1], np.uint64)
    assert overlap_table(image, image).n_truth == 2


def test_bool_is_background_and_one_object() -> None:
    table = overlap_table(np.array([True, False]), np.array([7, 7]))
    assert table.truth_ids.tolist() == [0, 1]


@pytest.mark.parametrize(("dtype", "least"), [(np.int8, -128), (np.int16, -1), (np.int32, -7), (np.int64, -(2**63))])
def test_negative_labels_are_refused_with_the_least(dtype: type, least: int) -> None:
    good, bad = np.array([0, 1, 2], np.uint32), np.array([least, 3, -1], dtype)
    with pytest.raises(LabelError, match=rf"prediction \({np.dtype(dtype)}\) has the negative label {least}; accepted"):
        overlap_table(good, bad)
    with pytest.raises(LabelError, match=rf"truth \(.*\) has the negative label {least}"):
        overlap_table(bad, good)


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_threads_do_not_matter(threads: int) -> None:
    rng = np.random.default_rng(3)
    truth, pred = (np.repeat(rng.integers(0, 2000, (300, 50)), 3, axis=1) for _ in range(2))
    expected = overlap_table(truth, pred, threads=1)
    assert_equal(overlap_table(truth, pred, block=(7, 31), threads=threads), expected)


@pytest.mark.parametrize(
    ("truth_chunks", "pred_chunks"), [((9, 20, 21), (1, 20, 21)), ((4, 7, 8), (3, 20, 5)), ((2, 3, 4), (5, 6, 7))]
)
def test_chunked_storage_gives_the_same_table(
    tmp_path: Path, truth_chunks: tuple[int, ...], pred_chunks: tuple[int, ...]
) -> None:
    dask_array = pytest.importorskip("dask.array")
    import h5py
    import zarr

    truth, pred = hostile_pairs()["shifted 3d"]
    truth, pred = truth.astype(np.uint16), pred.astype(np.int32)
    expected = overlap_table(truth, pred)
    in_zarr = zarr.create_array(tmp_path / "t.zarr", shape=truth.shape, chunks=truth_chunks, dtype=truth.dtype)
    in_zarr[...] = truth
    in_dask = dask_array.from_array(pred, chunks=pred_chunks)
    with h5py.File(tmp_path / "p.h5", "w") as file:
        in_hdf5 = file.create_dataset("p", data=pred, chunks=pred_chunks)
        unchunked = file.create_dataset("q", data=pred)
        for stored in (in_dask, in_hdf5, unchunked, pred):
            assert_equal(overlap_table(in_zarr, stored), expected)
    assert_equal(overlap_table(dask_array.from_array(truth, chunks=truth_chunks), in_dask), expected)


def test_sharded_zarr(tmp_path: Path) -> None:
    import zarr

    truth, pred = hostile_pairs()["shifted 3d"]
    stored = zarr.create_array(tmp_path / "t.zarr", shape=truth.shape, chunks=(3, 5, 7), shards=(9, 20, 21), dtype="i8")
    stored[...] = truth
    assert_equal(overlap_table(stored, pred), overlap_table(truth, pred))


def test_a_million_objects() -> None:
    truth = np.repeat(np.arange(1, 1_000_001, dtype=np.uint32), 3)
    table = overlap_table(truth, np.roll(truth, 1))
    assert table.n_truth == table.n_pred == 1_000_000
    assert table.counts.size == 2_000_000


@pytest.mark.parametrize("layout", ["contiguous", "strided", "chunked"])
def test_memory_does_not_grow_with_voxels(tmp_path: Path, layout: str) -> None:
    import zarr

    shape = (64, 512, 512)
    labels = np.zeros(shape, np.uint32)
    labels[:, ::8] = 5
    images = {
        "contiguous": labels,
        "strided": np.broadcast_to(labels[:, :, :1], shape),
        "chunked": zarr.create_array(tmp_path / "t.zarr", shape=shape, chunks=(16, 128, 128), dtype="u4"),
    }
    overlap_table(labels[:1], labels[:1])
    tracemalloc.start()
    overlap_table(images[layout], labels)
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak_bytes < 64e6 < labels.nbytes


def test_candidates_are_few_from_one_half_on_and_all_pairs_below() -> None:
    # 12 of 25 voxels are kept, for an IoU that is rounded may reach one half; 11 of 25 are not
    pairs = Pairs(*(np.array(column) for column in ([0, 1], [0, 1], [12, 11], [25, 25])))
    assert pairs.candidates(0.49) is pairs
    for threshold in (0.5, 0.75, 1.0):
        assert pairs.candidates(threshold).counts.tolist() == [12]


@pytest.mark.parametrize("ignore", [np.array([[0, 0, 1, 0]]), 9])
def test_what_is_ignored_is_counted_nowhere(ignore: np.ndarray | int) -> None:
    table = overlap_table(np.array([[1, 1, 9, 0]]), np.array([[1, 2, 3, 0]]), ignore=ignore)
    assert (table.voxels, table.truth_ids.tolist(), table.pred_ids.tolist()) == (3, [0, 1], [0, 1, 2])


def test_where_all_is_ignored_there_is_nothing_to_compare() -> None:
    with pytest.raises(LabelError, match="every voxel is ignored: there is nothing to compare"):
        overlap_table(np.array([1, 2]), np.array([1, 2]), ignore=np.array([1, 1]))


class Read:
    """An image that keeps the shapes in which it is read."""

    def __init__(self, array: np.ndarray) -> None:
        self.array, self.shape, self.dtype, self.shapes = array, array.shape, array.dtype, list[tuple[int, ...]]()

    def __getitem__(self, region: tuple[slice, ...]) -> np.ndarray:
        self.shapes.append(self.array[region].shape)
        return self.array[region]


def test_images_are_read_in_the_blocks_that_are_asked_for() -> None:
    truth = Read(np.arange(24).reshape(4, 6))
    overlap_table(truth, truth.array, block=(2, 3))
    assert truth.shapes == [(2, 3)] * 4


def test_sizes_are_whole_numbers_of_64_bits() -> None:
    table = overlap_table(np.array([1, 2]), np.array([1, 0]))
    assert {sizes.dtype for sizes in (table.truth_sizes, table.pred_sizes, table.counts)} == {np.dtype(np.int64)}


def test_labels_and_numbers_are_whole() -> None:
    table = overlap_table(np.array([0, 1, 1], np.uint8), np.array([2, 2, 0], np.int16))
    assert (table.truth_ids.dtype, table.pred_ids.dtype) == (np.uint64, np.uint64)
    whole = (table.truth_sizes, table.pred_sizes, table.rows, table.cols, table.counts, table.objects.unions)
    assert {array.dtype for array in whole} == {np.dtype(np.int64)}


def test_pairs_of_the_first_label_and_the_second_are_there() -> None:
    """No voxel has the least label of both images: the first pair is of row 0 and column 1."""
    table = overlap_table(np.array([5, 6, 6]), np.array([2, 1, 1]))
    pairs_of = (table.rows.tolist(), table.cols.tolist(), table.counts.tolist())
    assert pairs_of == ([0, 1], [1, 0], [1, 2])
    assert (table.truth_sizes.tolist(), table.pred_sizes.tolist()) == ([1, 2], [2, 1])
