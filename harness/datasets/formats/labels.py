"""Label images: read for scoring, written, and what an array must be to count as labels."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from harness.datasets.formats.hdf5_trial import MOST_BYTES_READ
from harness.datasets.formats.open import SUFFIXES, format_of, open_given, open_stored
from harness.datasets.formats.outlines.reading import JSON_SUFFIXES, holds_outlines, read_outlines
from harness.datasets.formats.stored_array import Region, StoredArray, check_fits, reading
from harness.datasets.formats.zarr import label_key
from harness.datasets.formats.zarr_reader import WholeChunks
from harness.errors import DataError, LabelError

MOST_BYTES_IN_MEMORY = MOST_BYTES_READ
"""Size up to which an array of HDF5 or NPY is read at once; a larger one is read block by block."""


class LazyLabels:
    """A label image on disk: NumPy-like `shape`, `dtype`, `chunks` and slicing; regions are read on demand.

    `order` lists the stored axes that the image has, in its order; the others have length one. Where the format has
    no lazy array, each region opens the file anew (with `key`), so that nothing stays open and nothing is kept.
    `whole_chunks` gives chunks of an image at the cost of their codec, where the format and the order allow it.
    """

    def __init__(self, stored: StoredArray, path: Path, order: Sequence[int] | None = None, key: str = "") -> None:
        self._stored_shape = stored.shape
        self._handle = stored.handle
        self._key = key
        self._order = tuple(range(len(stored.shape))) if order is None else tuple(order)
        self.path = path
        self.shape = tuple(stored.shape[axis] for axis in self._order)
        self.dtype = stored.dtype
        self.ndim = len(self.shape)
        self.size = int(np.prod(self.shape, dtype=np.int64))
        self.whole_chunks = None if stored.handle is None else WholeChunks.of(stored.handle, self._order)
        self.chunks = tuple(stored.chunks[axis] for axis in self._order) if stored.chunks else None

    def __getitem__(self, region: Any) -> np.ndarray:
        asked = region if isinstance(region, tuple) else (region,)
        chosen: list[slice] = [slice(0, 1)] * len(self._stored_shape)
        for axis, part in zip(self._order, (*asked, *[slice(None)] * (self.ndim - len(asked))), strict=True):
            chosen[axis] = slice(part, part + 1) if isinstance(part, int | np.integer) else part
        array = self._read(tuple(chosen))
        dropped = tuple(axis for axis in range(array.ndim) if axis not in self._order)
        stored_order = sorted(self._order)
        array = array.squeeze(axis=dropped).transpose([stored_order.index(axis) for axis in self._order])
        return np.asarray(array[tuple(0 if isinstance(part, int | np.integer) else slice(None) for part in asked)])

    def _read(self, region: Region) -> np.ndarray:
        if self._handle is None:
            with open_stored(self.path, self._key) as stored:
                return stored.read(region)
        with reading(self.path, "Zarr"):
            return self._handle[region]

    def missing_chunks(self) -> tuple[int, int]:
        """Return how many chunks of a Zarr array are not there, and how many it has; (0, 0) where it cannot be said."""
        return (0, 0) if self._handle is None else self._handle.missing_chunks()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        check_fits(self.path, self.shape, self.dtype)
        whole: Region = tuple(slice(None) for _ in self.shape)
        return self[whole].astype(dtype or self.dtype, copy=False)

    def __len__(self) -> int:
        return self.shape[0]


Labels: TypeAlias = np.ndarray | LazyLabels
_MASKS = (255, 65535)


def split_key(text: str) -> tuple[Path, str]:
    """Return path and key of "file.h5:key", "folder.zarr:key" or "coco.json:image"; a path that exists has no key.

    >>> split_key("labels.h5:volumes/gold")
    (PosixPath('labels.h5'), 'volumes/gold')
    """
    if Path(text).exists():
        return Path(text), ""
    keyed = SUFFIXES["HDF5"] + SUFFIXES["Zarr"] + JSON_SUFFIXES
    path, colon, key = text.rpartition(":")
    while colon:
        if path.lower().endswith(keyed) or (Path(path).is_dir() and format_of(Path(path)) == "Zarr"):
            return Path(path), key
        path, colon, rest = path.rpartition(":")
        key = f"{rest}:{key}"
    return Path(text), ""


def read_labels(
    source: str | Path, *, shape: Sequence[int] | None = None, note: Callable[[str], None] = lambda line: None
) -> Labels:
    """Read a label image: TIFF, PNG, NPY, Cellpose `_seg.npy`, HDF5 ("file.h5:key"), Zarr (":key" allowed), outlines.

    Zarr, and large arrays of HDF5 and NPY, are given as `LazyLabels`. Outlines (COCO JSON, ":image" where it has
    several; GeoJSON, ":nucleusGeometry" for nuclei of cells; ImageJ ROIs) are painted, see
    `harness.datasets.formats.outlines`: `shape` is the size of their image where the file states none, and `note` is
    told what a label image cannot say.

    The axes of an image are put into the order Z, Y, X where the file states them, and those of length one are removed
    as long as two remain, so that one image is the same in every format; 0 is background. Of an OME-Zarr image that
    carries one label image, this is read. Raises `DataError` if the file is absent or damaged, `LabelError` if its
    values are floats, or an axis is not one of space: a colour, a channel, a time.
    """
    path, key = split_key(str(source))
    if holds_outlines(path):
        return read_outlines(path, key, shape=None if shape is None else tuple(shape), note=note)
    key = _array_key(path, key)
    with open_given(path, key) as stored:
        _check_dtype(stored.dtype, str(source))
        order = _spatial_order(stored, str(source))
        is_large = math.prod(stored.shape) * stored.dtype.itemsize > MOST_BYTES_IN_MEMORY
        if stored.handle is not None or (is_large and stored.is_read_by_region):
            return LazyLabels(stored, path, order, key)
        array = stored.read(tuple(slice(None) for _ in stored.shape))
    dropped = tuple(axis for axis in range(array.ndim) if axis not in order)
    kept = sorted(order)
    return array.squeeze(axis=dropped).transpose([kept.index(axis) for axis in order])


def read_spacing(source: str | Path) -> tuple[float, ...] | None:
    """Return the size of a voxel that the file of a label image states, in micrometres, for the axes of `read_labels`.

    None where it states none, or not one for each of these axes. Raises what `read_labels` raises.
    """
    path, key = split_key(str(source))
    if holds_outlines(path) or (path.exists() and format_of(path) in ("NPY", "PNG")):
        return None
    with open_given(path, _array_key(path, key)) as stored:
        order, axes = _spatial_order(stored, str(source)), range(len(stored.shape))
        if stored.spacing_um is None:
            return None
        spatial = [axis for axis in axes if stored.axes[axis] in "ZYX"] if stored.axes else [*axes][-3:]
    if len(spatial) != len(stored.spacing_um) or not set(order) <= set(spatial):
        return None
    return tuple(stored.spacing_um[spatial.index(axis)] for axis in order)


def _array_key(path: Path, key: str) -> str:
    """Return the key of a label image: of a Zarr folder named alone, that of its label image."""
    return label_key(path) if not key and path.exists() and format_of(path) == "Zarr" else key


def _spatial_order(stored: StoredArray, where: str) -> tuple[int, ...]:
    """Return which stored axes a label image has, in the order Z, Y, X; raises `LabelError` for any other axis."""
    ndim = len(stored.shape)
    axes = stored.axes or "?" * ndim
    for letter, size in zip(axes, stored.shape, strict=True):
        if letter not in "ZYX?" and size > 1:
            if letter == "C" and size in (3, 4) and stored.dtype == np.uint8:
                raise LabelError(
                    f"{where}: is a colour image of shape {stored.shape}; labels have one integer per voxel"
                )
            named = {"C": "a channel axis", "T": "a time axis"}.get(letter, f"an axis '{letter}'")
            raise LabelError(
                f"{where}: has {named} of length {size} (axes '{axes}', shape {stored.shape}); labels have the axes "
                "Z, Y, X: save the one to score by itself"
            )
    order = sorted(range(ndim), key=lambda axis: "CTZYX?".find(axes[axis]) if axes[axis] != "?" else 0)
    removable = sorted((axis for axis in order if stored.shape[axis] == 1), key=lambda axis: axes[axis] in "ZYX?")
    for axis in removable[: max(ndim - 2, 0)]:
        order.remove(axis)
    return tuple(order)


def looks_like_a_mask(labels: np.ndarray) -> bool:
    """Return whether an image is the mask of a foreground, which counts as one object: truth values, or 0 and 255.

    65535 stands for 255 in images of 16 bits.

    >>> looks_like_a_mask(np.array([0, 255, 255])), looks_like_a_mask(np.array([0, 1, 255]))
    (True, False)
    """
    value = only_label(labels)
    return bool(value) and (labels.dtype.kind == "b" or value in _MASKS)


def only_label(labels: np.ndarray) -> int:
    """Return the one value besides 0 of an image; 0 if there are several, or none.

    >>> only_label(np.array([0, 7, 7])), only_label(np.array([1, 7]))
    (7, 0)
    """
    highest = int(labels.max(initial=0))
    return highest if highest and bool(((labels == 0) | (labels == highest)).all()) else 0


def parts(labels: np.ndarray) -> int:
    """Return the number of connected components (full connectivity) of the voxels of an image that are not 0."""
    return int(components(labels).max(initial=0))


def components(labels: np.ndarray) -> np.ndarray:
    """Return the connected components (full connectivity) of the voxels of an image that are not 0, numbered from 1."""
    from scipy import ndimage

    numbered, count = ndimage.label(labels != 0, np.ones((3,) * labels.ndim))
    return np.asarray(numbered).astype(np.uint16 if count < 1 << 16 else np.uint32)


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
