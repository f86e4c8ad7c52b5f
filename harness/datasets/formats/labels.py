"""Label images: read for scoring, written, and what an array must be to count as labels."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from harness.datasets.formats.open import SUFFIXES, format_of, open_stored
from harness.datasets.formats.stored_array import Region, StoredArray, reading
from harness.errors import DataError, LabelError


class LazyLabels:
    """A chunked label image on disk: NumPy-like `shape`, `dtype`, `chunks` and slicing; regions are read on demand."""

    def __init__(self, stored: StoredArray, path: Path) -> None:
        self._stored = stored
        self.path = path
        self.shape = stored.shape
        self.dtype = stored.dtype
        self.ndim = len(stored.shape)
        self.size = int(np.prod(stored.shape, dtype=np.int64))
        self.chunks: tuple[int, ...] = tuple(stored.handle.chunks)

    def __getitem__(self, region: Any) -> np.ndarray:
        with reading(self.path, "Zarr"):
            return np.asarray(self._stored.handle[region])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        whole: Region = tuple(slice(None) for _ in self.shape)
        return self[whole].astype(dtype or self.dtype, copy=False)

    def __len__(self) -> int:
        return self.shape[0]


Labels: TypeAlias = np.ndarray | LazyLabels


def split_key(text: str) -> tuple[Path, str]:
    """Return path and key of "file.h5:key" or "folder.zarr:key"; a path that exists as it stands has no key.

    >>> split_key("labels.h5:volumes/gold")
    (PosixPath('labels.h5'), 'volumes/gold')
    """
    if Path(text).exists():
        return Path(text), ""
    keyed = SUFFIXES["HDF5"] + SUFFIXES["Zarr"]
    path, colon, key = text.rpartition(":")
    while colon:
        if path.lower().endswith(keyed) or (Path(path).is_dir() and format_of(Path(path)) == "Zarr"):
            return Path(path), key
        path, colon, rest = path.rpartition(":")
        key = f"{rest}:{key}"
    return Path(text), ""


def read_labels(source: str | Path) -> Labels:
    """Read a label image: TIFF, PNG, NPY, HDF5 ("file.h5:key") as an array, Zarr (":key" allowed) as `LazyLabels`.

    Axes of length one are removed for TIFF and kept otherwise; 0 is background. Raises `DataError` if the file is
    absent or damaged, `LabelError` if its values are floats or it is a colour image.
    """
    path, key = split_key(str(source))
    with open_stored(path, key) as stored:
        _check_dtype(stored.dtype, str(source))
        if stored.handle is not None:
            return LazyLabels(stored, path)
        array = stored.read(tuple(slice(None) for _ in stored.shape))
    if stored.axes.endswith("C") and array.shape[-1] in (3, 4):
        raise LabelError(f"{source}: is a colour image of shape {array.shape}; labels have one integer per voxel")
    if format_of(path) == "TIFF":
        array = array.squeeze()
    return array


def write_labels(path: Path, labels: np.ndarray, *, key: str = "labels") -> Path:
    """Write a label image (any integer dtype) as TIFF, NPY, HDF5 (under `key`), Zarr or PNG (2D, up to 65535).

    The file appears only when it is complete. Raises `LabelError` for floats, `DataError` if it cannot be written.
    """
    array = np.asarray(labels)
    _check_dtype(array.dtype, str(path))
    kind = format_of(path)
    partial = path.with_name(f".{path.stem}.partial{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(kind, partial, array, key)
        partial.replace(path)
    except OSError as error:
        raise DataError(f"{path}: cannot be written: {error.strerror or error}") from error
    finally:
        _remove(partial)
    return path


def _remove(path: Path) -> None:
    """Remove what a failed write has left of a file or a Zarr folder."""
    if path.is_dir():
        shutil.rmtree(path)
    elif path.parent.is_dir():
        path.unlink(missing_ok=True)


def _write(kind: str, path: Path, array: np.ndarray, key: str) -> None:
    if kind == "TIFF":
        import tifffile

        tifffile.imwrite(path, array, compression="zlib", photometric="minisblack")
    elif kind == "NPY":
        np.save(path, array, allow_pickle=False)
    elif kind == "HDF5":
        import h5py  # type: ignore[import-untyped]

        with h5py.File(path, "w") as file:
            file.create_dataset(key, data=array, compression="gzip")
    elif kind == "Zarr":
        import zarr

        zarr.save_array(str(path), array)
    else:
        import imageio.v3 as imageio

        if array.ndim != 2 or (array.size and (array.min() < 0 or array.max() > 65535)):
            raise LabelError(f"{path}: PNG holds 2D labels from 0 to 65535; found shape {array.shape}")
        imageio.imwrite(path, array.astype(np.uint16))


def _check_dtype(dtype: np.dtype, where: str) -> None:
    if dtype.kind not in "uib":
        raise LabelError(f"{where}: labels must be integers; found {dtype}")


def unsigned(array: np.ndarray, where: str) -> np.ndarray:
    """Return labels as unsigned integers; raises `LabelError` for floats and for negative values, naming `where`."""
    _check_dtype(array.dtype, where)
    if array.dtype.kind == "b":
        return array.astype(np.uint8)
    if array.dtype.kind == "u":
        return array
    lowest = int(array.min()) if array.size else 0
    if lowest < 0:
        raise LabelError(f"{where}: labels must not be negative; the lowest is {lowest}")
    return array.astype(np.dtype(f"u{array.dtype.itemsize}"))
