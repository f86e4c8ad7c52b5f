"""HDF5: a dataset of a file by its path, with the axes of `axistags` and the voxel spacing of `element_size_um`."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from harness.datasets.formats.axes import letters
from harness.datasets.formats.hdf5_chunks import chunk_problem
from harness.datasets.formats.stored_array import (
    Region,
    StoredArray,
    check_fits,
    check_kind,
    extent,
    known_spacing,
    reading,
)
from harness.errors import DataError, nearest

_PREFIXES = ("HDF5_VDS_PREFIX", "HDF5_EXTFILE_PREFIX")


@contextmanager
def open_hdf5(path: Path, key: str) -> Iterator[StoredArray]:
    """Open a dataset by its path; "" is the only one of the file.

    Raises `DataError` where a part of it lies in another file that is not there: HDF5 itself would read zeros.
    """
    import h5py  # type: ignore[import-untyped]

    with reading(path, "HDF5"):
        file = h5py.File(path, "r")
    with file:
        with reading(path, "HDF5"):
            name = _key(path, file, key)
            node = _opened(file, name)
            if node.shape is None:
                raise DataError(f"{path}: HDF5 dataset '{name}' holds no data")
            check_kind(path, node.dtype)
            problem = chunk_problem(node) if node.chunks else ""
            if problem:
                raise DataError(f"{path}: damaged HDF5: dataset '{node.name}' {problem}")
            elsewhere = tuple(_elsewhere(path, name, node))
            spacing = _element_size(node.attrs.get("element_size_um"), node.ndim)
            axes = _axes(node)

        def read(region: Region) -> np.ndarray:
            check_fits(path, extent(region, node.shape), node.dtype)
            with reading(path, "HDF5"):
                return np.asarray(node[region])

        yield StoredArray(
            node.shape,
            node.dtype,
            axes,
            spacing,
            read,
            elsewhere=elsewhere,
            is_read_by_region=True,
            chunks=node.chunks or (),
        )


def _key(path: Path, file: Any, key: str) -> str:
    import h5py

    if key in file and isinstance(file[key], h5py.Dataset):
        return key
    present: list[str] = []
    file.visititems(lambda name, node: present.append(name) if isinstance(node, h5py.Dataset) else None)
    if key:
        raise DataError(f"{path}: no HDF5 dataset '{key}'{nearest(key, present)}")
    if len(present) != 1:
        raise DataError(f"{path}: name one of its HDF5 datasets, as in {path.name}:KEY: {', '.join(present) or 'none'}")
    return present[0]


def _opened(file: Any, name: str) -> Any:
    """Return a dataset whose external and virtual files are looked for beside the file, wherever this runs."""
    import h5py

    found = file[name]
    if not (found.is_virtual or found.external):
        return found
    moved = [variable for variable in _PREFIXES if os.environ.get(variable)]
    if moved:
        raise DataError(f"{file.filename}: {moved[0]} moves the files that hold '{name}' elsewhere; unset it")
    holder, inner = found.file, found.name
    del found  # HDF5 refuses another prefix while the dataset is open
    access = h5py.h5p.create(h5py.h5p.DATASET_ACCESS)
    access.set_efile_prefix(b"${ORIGIN}")
    access.set_virtual_prefix(b"${ORIGIN}")
    return h5py.Dataset(h5py.h5d.open(holder.id, inner.encode(), access))


def _elsewhere(path: Path, key: str, node: Any) -> Iterator[Path]:
    """Yield the other files that hold parts of a dataset; raises `DataError` for one that is absent or too short."""
    own = Path(node.file.filename)
    if own.resolve() != path.resolve():
        yield own
    sources = {(one.file_name, one.dset_name): one for one in (node.virtual_sources() if node.is_virtual else ())}
    for source in sources.values():  # each once, however many pieces of it are shown
        part = own if source.file_name == "." else own.parent / source.file_name
        if "%b" in source.file_name or "%b" in source.dset_name:
            raise DataError(
                f"{path}: the virtual HDF5 dataset '{key}' names its parts by a pattern ('{part}:{source.dset_name}'), "
                "of which nobody can tell whether all are there; accepted: parts that are named one by one"
            )
        if part.resolve() == own.resolve():
            yield from _held_by(path, key, node.file, source.dset_name)
        else:
            yield _virtual_source(path, key, part, source.dset_name)
    needed = int(node.size) * node.dtype.itemsize
    for name, offset, size in node.external or ():
        part = own.parent / name
        used = min(size, needed)
        needed -= used
        stored = part.stat().st_size if part.is_file() else -1
        if stored < (offset + used if used else 0):
            found = "is not there" if stored < 0 else f"has {stored} bytes, {offset + used} are needed"
            raise DataError(f"{path}: HDF5 dataset '{key}' lies in {part}, which {found}")
        yield part


def _held_by(path: Path, key: str, file: Any, name: str) -> Iterator[Path]:
    """Yield the other files that hold the source of a virtual dataset; raises `DataError` if it is not in its file."""
    import h5py

    source = file.get(name)
    if not isinstance(source, h5py.Dataset):
        raise DataError(
            f"{path}: a part of the virtual HDF5 dataset '{key}' is '{name}' of {file.filename}, which has none"
        )
    problem = chunk_problem(source) if source.chunks else ""
    if problem:
        raise DataError(f"{file.filename}: damaged HDF5: dataset '{source.name}' {problem}")
    yield from _elsewhere(Path(file.filename), name, source)


def _virtual_source(path: Path, key: str, part: Path, name: str) -> Path:
    import h5py

    if not part.is_file():
        raise DataError(f"{path}: a part of the virtual HDF5 dataset '{key}' lies in {part}, which is not there")
    with h5py.File(part, "r") as file:
        if next(_held_by(path, key, file, name), None) is not None:
            raise DataError(
                f"{path}: a part of the virtual HDF5 dataset '{key}' is '{name}' of {part}, which lies in further "
                "files itself; accepted: sources that hold their values"
            )
    return part


def _axes(node: Any) -> str:
    """Return the axes that a dataset names; "" for none.

    They stand in `axistags` (ilastik and vigra), else in the labels or the scales of its dimensions (netCDF), else in
    an attribute `axes`.
    """
    tags = node.attrs.get("axistags")
    if isinstance(tags, bytes | str):
        try:
            return letters([axis["key"] for axis in json.loads(tags)["axes"]], node.ndim)
        except (ValueError, KeyError, TypeError):
            return ""
    named = [str(one.label) or (PurePosixPath(one[0].name).name if len(one) else "") for one in node.dims]
    stated = node.attrs.get("axes")
    if isinstance(stated, np.ndarray):
        stated = [one.decode() if isinstance(one, bytes) else one for one in stated.ravel().tolist()]
    return letters(named, node.ndim) or letters(stated.decode() if isinstance(stated, bytes) else stated, node.ndim)


def _element_size(value: Any, ndim: int) -> tuple[float, ...] | None:
    """Return `element_size_um` (ZYX or YX) for the spatial axes of an array; the last entries for a 2D one."""
    if value is None:
        return None
    sizes = known_spacing(np.atleast_1d(value).ravel().tolist())
    needed = min(ndim, 3)
    return sizes[-needed:] if sizes is not None and len(sizes) >= needed else None
