"""HDF5: a dataset of a file by its path, with the voxel spacing of `element_size_um`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from harness.datasets.formats.stored_array import Region, StoredArray, reading
from harness.errors import DataError, nearest


@contextmanager
def open_hdf5(path: Path, key: str) -> Iterator[StoredArray]:
    """Open a dataset by its path; "" is the only one of the file."""
    import h5py  # type: ignore[import-untyped]

    with reading(path, "HDF5"):
        file = h5py.File(path, "r")
    with file:
        node = file[_key(path, file, key)]

        def read(region: Region) -> np.ndarray:
            with reading(path, "HDF5"):
                return np.asarray(node[region])

        with reading(path, "HDF5"):
            spacing = _element_size(node.attrs.get("element_size_um"), node.ndim)
        yield StoredArray(node.shape, node.dtype, "", spacing, read)


def _key(path: Path, file: Any, key: str) -> str:
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
