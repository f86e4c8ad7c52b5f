"""File formats: each opens a file as a `StoredArray`, which knows what the file states and reads regions on demand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from harness.errors import DataError, HarnessError, nearest

Region = tuple[slice, ...]

SUFFIXES = {
    "TIFF": (".tif", ".tiff"),
    "PNG": (".png",),
    "NPY": (".npy",),
    "HDF5": (".h5", ".hdf5", ".hdf", ".he5"),
    "Zarr": (".zarr",),
}


@dataclass(frozen=True, slots=True)
class StoredArray:
    """An array in an open file.

    `axes` names its axes as far as the file states them ("" if it does not); `spacing_um` has one entry per spatial
    axis, or is None. `read` returns a region (one slice per axis) as a NumPy array. `handle` is the lazy array
    itself where the format has one (Zarr).
    """

    shape: tuple[int, ...]
    dtype: np.dtype
    axes: str
    spacing_um: tuple[float, ...] | None
    read: Callable[[Region], np.ndarray]
    handle: Any = None


def format_of(path: Path) -> str:
    """Return the format of a path by its name (and, for folders, by their Zarr metadata); raises `DataError`."""
    name = path.name.lower()
    for known, suffixes in SUFFIXES.items():
        if name.endswith(suffixes):
            return known
    if any((path / marker).is_file() for marker in ("zarr.json", ".zgroup", ".zarray")):
        return "Zarr"
    accepted = ", ".join(suffix for suffixes in SUFFIXES.values() for suffix in suffixes)
    raise DataError(f"{path}: unknown file format '{path.suffix}'; accepted: {accepted} or a Zarr folder")


@contextmanager
def reading(path: Path, kind: str) -> Iterator[None]:
    """Turn whatever a decoder raises into one `DataError` that names the file."""
    try:
        yield
    except (HarnessError, MemoryError):
        raise
    except Exception as error:  # a decoder may fail in any way on a damaged file
        detail = " ".join(str(error).split()) or type(error).__name__
        raise DataError(f"{path}: truncated or not readable as {kind}: {detail}") from error


@contextmanager
def open_stored(path: Path, key: str = "") -> Iterator[StoredArray]:
    """Open the array of a file; `key` is the path inside an HDF5 file or a Zarr folder.

    Raises `DataError` if the file is absent, damaged, of unknown format or lacks the key.
    """
    if not path.exists():
        raise DataError(f"{path}: no such file")
    kind = format_of(path)
    if key and kind not in ("HDF5", "Zarr"):
        raise DataError(f"{path}: a {kind} file has no key '{key}'")
    if kind == "HDF5":
        with _open_hdf5(path, key) as stored:
            yield stored
    elif kind == "Zarr":
        from harness.datasets.ngff import open_zarr

        yield open_zarr(path, key)
    elif kind == "TIFF":
        from harness.datasets.tiff import open_tiff

        yield open_tiff(path)
    else:
        yield _open_png(path) if kind == "PNG" else _open_npy(path)


@contextmanager
def _open_hdf5(path: Path, key: str) -> Iterator[StoredArray]:
    import h5py  # type: ignore[import-untyped]

    with reading(path, "HDF5"):
        file = h5py.File(path, "r")
    with file:
        node = file[_hdf5_key(path, file, key)]

        def read(region: Region) -> np.ndarray:
            with reading(path, "HDF5"):
                return np.asarray(node[region])

        with reading(path, "HDF5"):
            spacing = _element_size(node.attrs.get("element_size_um"), node.ndim)
        yield StoredArray(node.shape, node.dtype, "", spacing, read)


def _hdf5_key(path: Path, file: Any, key: str) -> str:
    import h5py

    if key in file and isinstance(file[key], h5py.Dataset):
        return key
    present: list[str] = []
    with reading(path, "HDF5"):
        file.visititems(lambda name, node: present.append(name) if isinstance(node, h5py.Dataset) else None)
    if key:
        raise DataError(f"{path}: no HDF5 dataset '{key}'{nearest(key, present)}")
    if len(present) != 1:
        raise DataError(f"{path}: name one of its HDF5 datasets, as in {path.name}:KEY: {', '.join(present) or 'none'}")
    return present[0]


def _element_size(value: Any, ndim: int) -> tuple[float, ...] | None:
    """Return `element_size_um` (ZYX or YX) for the spatial axes of an array; the last entries for a 2D one."""
    if value is None:
        return None
    sizes = tuple(float(size) for size in np.atleast_1d(value))
    if not all(size > 0 for size in sizes):
        return None
    return sizes[-min(ndim, 3) :] if len(sizes) >= min(ndim, 3) else None


def _open_png(path: Path) -> StoredArray:
    import imageio.v3 as imageio

    with reading(path, "PNG"):
        array = np.asarray(imageio.imread(path, plugin="pillow"))
    if array.dtype == np.int32:  # 16-bit greyscale comes widened from some decoders
        array = array.astype(np.uint16)
    axes = "YXC" if array.ndim == 3 else "YX"
    return StoredArray(array.shape, array.dtype, axes, None, lambda region: array[region])


def _open_npy(path: Path) -> StoredArray:
    with reading(path, "NPY"):
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    return StoredArray(array.shape, array.dtype, "", None, lambda region: np.array(array[region]))
