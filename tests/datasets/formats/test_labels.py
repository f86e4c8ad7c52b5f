from __future__ import annotations

import errno
from pathlib import Path

import h5py
import imageio.v3 as imageio
import numpy as np
import pytest
import tifffile
import zarr
from PIL import Image

from harness.datasets.formats.labels import (
    LazyLabels,
    looks_like_a_mask,
    only_label,
    parts,
    read_labels,
    read_spacing,
    split_key,
    unsigned,
    write_labels,
)
from harness.errors import DataError, LabelError

LABELS = np.arange(60, dtype=np.uint16).reshape(3, 4, 5)


def test_keys_are_split_off() -> None:
    assert split_key("a.h5:label") == (Path("a.h5"), "label")
    assert split_key("d/a.zarr:0/labels") == (Path("d/a.zarr"), "0/labels")
    assert split_key("a.h5") == (Path("a.h5"), "")
    assert split_key("a.tif") == (Path("a.tif"), "")
    assert split_key("C:a.h5:x:y") == (Path("C:a.h5"), "x:y")
    assert split_key("coco.json:a.png") == (Path("coco.json"), "a.png")


def test_an_existing_path_has_no_key(tmp_path: Path) -> None:
    (tmp_path / "a.h5:b").touch()
    assert split_key(str(tmp_path / "a.h5:b")) == (tmp_path / "a.h5:b", "")


@pytest.mark.parametrize("name", ["a.tif", "a.npy", "a.h5", "d/a.zarr", "a.png"])
def test_written_labels_are_read_back(tmp_path: Path, name: str) -> None:
    labels = LABELS[0] if name.endswith("png") else LABELS
    path = write_labels(tmp_path / name, labels)
    found = read_labels(str(path))
    assert isinstance(found, LazyLabels) == name.endswith("zarr")
    assert found.dtype == np.uint16
    assert np.array_equal(np.asarray(found), labels)
    assert sorted(file.name for file in path.parent.iterdir()) == [path.name]


@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.uint64, np.int64])
def test_integers_of_any_width(tmp_path: Path, dtype: type) -> None:
    labels = np.array([[0, 100], [3, 4]], dtype=dtype)
    for name in ("a.tif", "a.npy", "a.h5", "a.zarr"):
        assert read_labels(write_labels(tmp_path / name, labels)).dtype == dtype


def test_hdf5_and_zarr_keys(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["label"] = LABELS
        file["raw"] = LABELS
    assert np.array_equal(np.asarray(read_labels(f"{tmp_path}/a.h5:label")), LABELS)
    with pytest.raises(DataError, match="label, raw"):
        read_labels(tmp_path / "a.h5")
    zarr.open_group(str(tmp_path / "a.zarr"), mode="w").create_array("gold", data=LABELS, chunks=(1, 4, 5))
    lazy = read_labels(f"{tmp_path}/a.zarr:gold")
    assert isinstance(lazy, LazyLabels)
    assert (lazy.shape, lazy.chunks, lazy.ndim, lazy.size, len(lazy)) == (LABELS.shape, (1, 4, 5), 3, 60, 3)
    assert np.array_equal(lazy[1:2, :, 2:], LABELS[1:2, :, 2:])


def test_lazy_labels_name_a_damaged_chunk(tmp_path: Path) -> None:
    write_labels(tmp_path / "a.zarr", LABELS)
    lazy = read_labels(tmp_path / "a.zarr")
    chunk = next(path for path in (tmp_path / "a.zarr" / "c").rglob("*") if path.is_file())
    chunk.write_bytes(b"")
    with pytest.raises(DataError, match=f"{chunk}: truncated or not readable as Zarr"):
        lazy[:]


@pytest.mark.parametrize("name", ["a.tif", "a.npy", "a.zarr", "a.h5"])
def test_floats_are_refused(tmp_path: Path, name: str) -> None:
    floats = LABELS.astype(np.float32)
    with pytest.raises(LabelError, match="labels must be integers; found float32"):
        write_labels(tmp_path / name, floats)
    if name == "a.tif":
        tifffile.imwrite(tmp_path / name, floats, photometric="minisblack")
    elif name == "a.npy":
        np.save(tmp_path / name, floats)
    elif name == "a.zarr":
        zarr.save_array(str(tmp_path / name), floats)
    else:
        with h5py.File(tmp_path / name, "w") as file:
            file["a"] = floats
    with pytest.raises(LabelError, match=f"{name}: labels must be integers; found float32"):
        read_labels(tmp_path / name)


def test_colour_images_are_refused(tmp_path: Path) -> None:
    imageio.imwrite(tmp_path / "a.png", np.zeros((4, 5, 3), dtype=np.uint8))
    with pytest.raises(LabelError, match="is a colour image of shape"):
        read_labels(tmp_path / "a.png")


def test_png_holds_planes_of_sixteen_bits(tmp_path: Path) -> None:
    for labels in (LABELS, np.array([[70000]]), np.array([[-1]])):
        with pytest.raises(LabelError, match="PNG holds 2D labels from 0 to 65535"):
            write_labels(tmp_path / "a.png", labels)


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="cannot be written"):
        write_labels(tmp_path / "file" / "a.npy", LABELS)


def test_a_failed_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    for name in ("a.npy", "a.zarr", "a.tif"):
        with pytest.raises(DataError, match=f"{name}: cannot be written: No space left on device"):
            write_labels(tmp_path / name, LABELS)
    assert list(tmp_path.iterdir()) == []


def test_unsigned() -> None:
    assert unsigned(np.array([True, False]), "a").dtype == np.uint8
    assert unsigned(np.array([1, 2], dtype=np.int16), "a").dtype == np.uint16
    assert unsigned(LABELS, "a") is LABELS
    assert unsigned(np.array([], dtype=np.int64), "a").dtype == np.uint64
    with pytest.raises(LabelError, match="a: labels must not be negative; the lowest is -1"):
        unsigned(np.array([-1, 2]), "a")
    with pytest.raises(LabelError, match="found float64"):
        unsigned(np.array([1.0]), "a")


VOLUME = np.random.default_rng(2).integers(0, 9, (3, 4, 5)).astype(np.uint16)


def _ome_zarr(path: Path, array: np.ndarray, axes: str) -> zarr.Group:
    group = zarr.open_group(str(path), mode="w")
    group.create_array("0", data=array, chunks=(2,) * array.ndim)
    kinds = {"t": "time", "c": "channel"}
    group.attrs["multiscales"] = [
        {
            "axes": [{"name": axis, "type": kinds.get(axis, "space")} for axis in axes],
            "datasets": [{"path": "0", "coordinateTransformations": []}],
        }
    ]
    return group


@pytest.mark.parametrize(("axes", "shape"), [("zyx", (3, 4, 5)), ("xyz", (5, 4, 3)), ("tczyx", (1, 1, 3, 4, 5))])
def test_stated_axes_are_put_in_order(tmp_path: Path, axes: str, shape: tuple[int, ...]) -> None:
    stored = VOLUME.T if axes == "xyz" else VOLUME.reshape(shape)
    _ome_zarr(tmp_path / "a.zarr", np.ascontiguousarray(stored), axes)
    lazy = read_labels(tmp_path / "a.zarr")
    assert isinstance(lazy, LazyLabels)
    assert (lazy.shape, lazy.ndim, lazy.chunks) == ((3, 4, 5), 3, (2, 2, 2))
    assert np.array_equal(np.asarray(lazy), VOLUME)
    assert np.array_equal(lazy[1:3, :, 2:4], VOLUME[1:3, :, 2:4])
    assert np.array_equal(lazy[1], VOLUME[1])
    assert np.array_equal(lazy[1, 2:, 3], VOLUME[1, 2:, 3])


def test_axes_that_are_not_of_space(tmp_path: Path) -> None:
    _ome_zarr(tmp_path / "c.zarr", VOLUME, "cyx")
    tifffile.imwrite(tmp_path / "t.tif", VOLUME, imagej=True, metadata={"axes": "TYX"})
    tifffile.imwrite(tmp_path / "c.tif", VOLUME, imagej=True, metadata={"axes": "CYX"})
    Image.fromarray(np.zeros((4, 5, 2), np.uint8), mode="LA").save(tmp_path / "la.png")
    with h5py.File(tmp_path / "c.h5", "w") as file:
        file["a"] = VOLUME
        file["a"].attrs["axistags"] = '{"axes": [{"key": "c"}, {"key": "y"}, {"key": "x"}]}'
    for name in ("c.zarr", "t.tif", "c.tif", "la.png", "c.h5"):
        with pytest.raises(LabelError, match=f"{name}: has a (channel|time) axis of length"):
            read_labels(tmp_path / name)


@pytest.mark.parametrize("shape", [(1, 4, 5), (4, 5, 1), (1, 1, 4, 5), (4, 5)])
def test_axes_of_length_one_are_removed_in_every_format(tmp_path: Path, shape: tuple[int, ...]) -> None:
    array = VOLUME[0].reshape(shape)
    np.save(tmp_path / "a.npy", array)
    tifffile.imwrite(tmp_path / "a.tif", array, photometric="minisblack")
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["a"] = array
    zarr.save_array(str(tmp_path / "a.zarr"), array)
    for name in ("a.npy", "a.tif", "a.h5", "a.zarr"):
        assert np.array_equal(np.asarray(read_labels(tmp_path / name)), VOLUME[0]), name


def test_two_axes_remain(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", VOLUME[:1, :1, :])
    assert read_labels(tmp_path / "a.npy").shape == (1, 5)


def test_labels_of_an_ome_zarr_image(tmp_path: Path) -> None:
    group = _ome_zarr(tmp_path / "a.zarr", VOLUME + 100, "zyx")
    group.create_array("labels/nuclei", data=VOLUME)
    group["labels"].attrs["labels"] = ["nuclei"]
    assert np.array_equal(np.asarray(read_labels(tmp_path / "a.zarr")), VOLUME)
    group["labels"].attrs["labels"] = ["nuclei", "cells"]
    with pytest.raises(DataError, match=r"a.zarr:KEY: labels/nuclei, labels/cells"):
        read_labels(tmp_path / "a.zarr")
    assert read_labels(f"{tmp_path}/a.zarr:0").shape == (3, 4, 5)


@pytest.mark.parametrize("ome", ["0.4", "0.5"])
def test_label_images_that_are_not_listed_are_found(tmp_path: Path, ome: str) -> None:
    group = _ome_zarr(tmp_path / "a.zarr", VOLUME + 100, "zyx")
    nuclei = group.create_group("labels/nuclei")
    nuclei.create_array("s0", data=VOLUME)
    described = {"multiscales": [{"axes": [{"name": axis} for axis in "zyx"], "datasets": [{"path": "s0"}]}]}
    nuclei.attrs.update(described if ome == "0.4" else {"ome": described})
    assert np.array_equal(np.asarray(read_labels(tmp_path / "a.zarr")), VOLUME)
    group.create_group("labels/cells")
    with pytest.raises(DataError, match=r"a.zarr:KEY: labels/cells, labels/nuclei"):
        read_labels(tmp_path / "a.zarr")
    assert np.array_equal(np.asarray(read_labels(f"{tmp_path}/a.zarr:labels/nuclei")), VOLUME)


def test_the_size_of_a_voxel_is_read_in_the_order_of_the_axes(tmp_path: Path) -> None:
    volume = np.ones((2, 3, 4), np.uint16)
    per_um = {"resolution": (1 / 0.25, 1 / 0.5)}
    tifffile.imwrite(
        tmp_path / "a.tif", volume, imagej=True, metadata={"axes": "ZYX", "unit": "um", "spacing": 2}, **per_um
    )
    assert read_spacing(tmp_path / "a.tif") == pytest.approx((2, 0.5, 0.25), rel=1e-5)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("labels", data=volume).attrs["element_size_um"] = (2, 0.5, 0.25)
    assert read_spacing(f"{tmp_path / 'a.h5'}:labels") == (2, 0.5, 0.25)


def test_the_size_along_a_removed_axis_is_left_out(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("labels", data=np.ones((1, 3, 4), np.uint16)).attrs["element_size_um"] = (2, 0.5, 0.25)
    assert read_labels(tmp_path / "a.h5").shape == (3, 4)
    assert read_spacing(tmp_path / "a.h5") == (0.5, 0.25)


@pytest.mark.parametrize("name", ["a.npy", "a.png", "a.tif", "a.h5", "a.zarr"])
def test_files_without_a_size_state_none(tmp_path: Path, name: str) -> None:
    assert read_spacing(write_labels(tmp_path / name, np.ones((3, 4), np.uint8))) is None


def test_a_file_that_is_not_there_has_no_size(tmp_path: Path) -> None:
    for name in ("a.npy", "a.tif"):
        with pytest.raises(DataError, match="no such file"):
            read_spacing(tmp_path / name)


def test_what_looks_like_a_mask() -> None:
    mask = np.array([[1, 0, 1], [0, 1, 0], [0, 0, 0], [1, 1, 0]], bool)
    assert (only_label(mask), parts(mask), looks_like_a_mask(mask)) == (1, 2, True)
    for value, expected in ((1, False), (7, False), (255, True), (65535, True)):
        image = mask.astype(np.uint16) * value
        assert (only_label(image), looks_like_a_mask(image)) == (value, expected)
    for image in (np.zeros((2, 2), bool), np.zeros((0, 3), np.uint8), np.array([[0, 1, 255]])):
        assert (only_label(image), looks_like_a_mask(image)) == (0, False)
