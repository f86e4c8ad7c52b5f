"""Geometry of labels: equal to its definition whatever dtype, layout, storage, block and number of threads."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

from harness.errors import LabelError
from harness.metrics.geometry import Geometry, geometry
from harness.metrics.pair import Pair
from tests.metrics.images import Pair as Images
from tests.metrics.images import hostile_pairs, pairs

FIELDS = ("ids", "voxels", "low", "high", "centroid", "touches_border")


def assert_equal(one: Geometry, other: Geometry) -> None:
    assert one.shape == other.shape
    for name in FIELDS:
        assert np.array_equal(getattr(one, name), getattr(other, name)), name


def by_definition(labels: np.ndarray) -> Geometry:
    """Every object from the coordinates of its voxels."""
    ids = np.unique(labels[labels > 0])
    where = [np.argwhere(labels == label) for label in ids]
    axes = labels.ndim
    return Geometry(
        ids.astype(np.uint64),
        np.array([len(at) for at in where], np.int64),
        np.array([at.min(axis=0) for at in where], np.int64).reshape(-1, axes),
        np.array([at.max(axis=0) + 1 for at in where], np.int64).reshape(-1, axes),
        np.array([at.sum(axis=0) / len(at) for at in where]).reshape(-1, axes),
        labels.shape,
    )


@given(pairs())
@settings(deadline=None)
def test_equals_the_definition(images: Images) -> None:
    for image in images:
        assert_equal(geometry(image), by_definition(image))


@pytest.mark.parametrize("name", ["shifted 3d", "noise", "gaps in ids", "no background at all", "all background"])
@pytest.mark.parametrize("dtype", ["u1", "u2", ">i4", "i8", "u8"])
def test_dtypes_do_not_matter(name: str, dtype: str) -> None:
    for image in hostile_pairs()[name]:
        small = image % 251 if dtype == "u1" else image
        assert_equal(geometry(small.astype(dtype)), by_definition(small))


@pytest.mark.parametrize(
    "layout",
    [
        np.asfortranarray,
        lambda a: np.repeat(a, 2, axis=2)[:, :, ::2],
        lambda a: a[::-1, ::-1].copy()[::-1, ::-1],
        lambda a: np.transpose(np.ascontiguousarray(np.transpose(a, (2, 0, 1))), (1, 2, 0)),
        lambda a: np.broadcast_to(a[:, :, :1], a.shape),
    ],
)
def test_layouts_do_not_matter(layout: object) -> None:
    image = layout(hostile_pairs()["shifted 3d"][0])  # type: ignore[operator]
    assert_equal(geometry(image), by_definition(np.ascontiguousarray(image)))


@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize("block", [None, (1, 1, 1), (2, 7, 21), (3, 2, 5)])
def test_blocks_and_threads_do_not_matter(block: tuple[int, ...] | None, threads: int) -> None:
    image = hostile_pairs()["shifted 3d"][0]
    assert_equal(geometry(image, block=block, threads=threads), by_definition(image))


def test_lines_of_many_vectors() -> None:
    rng = np.random.default_rng(5)
    for length in (1, 63, 64, 65, 127, 128, 129, 700):
        image = np.repeat(rng.integers(0, 4, (6, length)), 3, axis=1)[:, :length].astype(np.uint16)
        assert_equal(geometry(image), by_definition(image))


@pytest.mark.parametrize("kind", ["zarr", "hdf5", "dask"])
def test_stored_images_are_read_block_by_block(kind: str, tmp_path: Path) -> None:
    image, ignore = hostile_pairs()["shifted 3d"][0].astype(np.int32), np.zeros((9, 20, 21), np.uint8)
    ignore[:, 3:9, 4] = 7
    expected = by_definition(np.where(ignore == 0, image, 0))
    if kind == "zarr":
        import zarr

        stored = zarr.create_array(tmp_path / "a.zarr", shape=image.shape, chunks=(4, 7, 8), dtype=image.dtype)
        stored[...] = image
        assert_equal(geometry(stored, ignore=ignore), expected)
    elif kind == "hdf5":
        import h5py

        with h5py.File(tmp_path / "a.h5", "w") as file:
            stored = file.create_dataset("a", data=image, chunks=(3, 20, 5))
            assert_equal(geometry(stored, ignore=ignore), expected)
    else:
        dask_array = pytest.importorskip("dask.array")
        stored = dask_array.from_array(image, chunks=(2, 9, 9))
        assert_equal(geometry(stored, ignore=dask_array.from_array(ignore, chunks=5)), expected)


def test_ignored_voxels_belong_to_no_object() -> None:
    image = np.array([[1, 1, 2], [1, 0, 2]])
    found = geometry(image, ignore=np.array([[0, 1, 1], [0, 0, 1]]))
    assert found.ids.tolist() == [1]
    assert (found.low.tolist(), found.high.tolist()) == ([[0, 0]], [[2, 1]])


def test_border_of_planes_and_lines() -> None:
    plane = np.zeros((1, 5, 5), int)
    plane[0, 1:3, 1:3], plane[0, 3:, 1] = 1, 2
    assert geometry(plane).touches_border.tolist() == [False, True]
    assert geometry(np.ones((1, 1), int)).touches_border.tolist() == [False]
    assert geometry(np.array([0, 4, 0, 5])).touches_border.tolist() == [False, True]


def test_the_nearest_centroid_of_another_object() -> None:
    image = np.zeros((5, 9), int)
    image[0, 0], image[0, 3], image[4, 3] = 1, 2, 3
    assert geometry(image).nearest().tolist() == [3, 3, 4]
    assert geometry(image).nearest((0.5, 1)).tolist() == [3, 2, 2]
    assert geometry(image[:1]).nearest().tolist() == [3, 3]
    assert np.isnan(geometry(image[:, :1]).nearest()).all()
    assert geometry(image[1:4]).nearest().size == 0


def test_extreme_labels_and_bool() -> None:
    found = geometry(np.array([2**64 - 1, 0, 2**63, 2**64 - 1], np.uint64))
    assert found.ids.tolist() == [2**63, 2**64 - 1]
    assert found.centroid.tolist() == [[2.0], [1.5]]
    assert geometry(np.array([True, False, True])).voxels.tolist() == [2]


def test_a_pair_has_the_rows_of_its_overlap_table() -> None:
    truth, pred = hostile_pairs()["gaps in ids, both"]
    ignore = (np.arange(truth.size).reshape(truth.shape) % 5 == 0).astype(np.uint8)
    pair = Pair(truth, pred, ignore=ignore)
    table = pair.overlap
    for side, ids, sizes, first in (
        (pair.geometry.truth, table.truth_ids, table.truth_sizes, table.first_truth),
        (pair.geometry.pred, table.pred_ids, table.pred_sizes, table.first_pred),
    ):
        assert np.array_equal(side.ids, ids[first:])
        assert np.array_equal(side.voxels, sizes[first:])


@pytest.mark.parametrize(
    ("image", "ignore", "message"),
    [
        (np.zeros((2, 2)), None, "the label image has dtype float64"),
        (np.zeros((0, 2), int), None, r"the label image is empty: its shape is \(0, 2\)"),
        (np.array([1, -3, 2], np.int16), None, r"the label image \(int16\) has the negative label -3"),
        (np.ones((2, 2), int), np.zeros((2, 3), int), r"the ignore mask has shape \(2, 3\), the label image has"),
    ],
)
def test_bad_images_are_label_errors(image: np.ndarray, ignore: np.ndarray | None, message: str) -> None:
    with pytest.raises(LabelError, match=message):
        geometry(image, ignore=ignore)


def test_memory_grows_with_objects_alone() -> None:
    image = np.zeros((64, 256, 256), np.uint32)
    image[:, ::8] = 5
    geometry(image[:1])
    tracemalloc.start()
    geometry(image, threads=1)
    few = tracemalloc.get_traced_memory()[1]
    tracemalloc.reset_peak()
    count = 200_000
    geometry(np.arange(count, dtype=np.uint32).reshape(1, 2, -1), threads=1)
    many = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert few < 2**20
    assert many < 500 * count
