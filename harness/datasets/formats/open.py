"""Opening a file of any format as a `StoredArray`, which knows what the file states and reads regions on demand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.datasets.formats.hdf5 import open_hdf5
from harness.datasets.formats.hdf5_trial import require_readable
from harness.datasets.formats.npy import open_npy
from harness.datasets.formats.outlines.reading import SUFFIXES as OUTLINES
from harness.datasets.formats.png import open_png
from harness.datasets.formats.stored_array import StoredArray
from harness.datasets.formats.tiff import open_tiff
from harness.datasets.formats.zarr import open_zarr
from harness.errors import DataError

SUFFIXES = {
    "TIFF": (".tif", ".tiff"),
    "PNG": (".png",),
    "NPY": (".npy",),
    "HDF5": (".h5", ".hdf5", ".hdf", ".he5"),
    "Zarr": (".zarr",),
}


_OTHERS = (".nii", ".nii.gz", ".mrc", ".mha", ".nrrd", ".czi", ".lif", ".nd2", ".ims", ".mat", ".npz")
ADVICE = (
    (OUTLINES, "outlines are read where labels are asked for"),
    ((".jpg", ".jpeg"), "JPEG alters values: save labels as PNG or TIFF where they were made"),
    (_OTHERS, "save it as TIFF, NPY or HDF5"),
    ((".n5",), "save it as Zarr"),
)
"""What to do with files that people have and that the harness does not read."""


def format_of(path: Path) -> str:
    """Return the format of a path by its name (and, for folders, by their Zarr metadata); raises `DataError`."""
    name = path.name.lower()
    for known, suffixes in SUFFIXES.items():
        if name.endswith(suffixes):
            return known
    if any((path / marker).is_file() for marker in ("zarr.json", ".zgroup", ".zarray")):
        return "Zarr"
    accepted = ", ".join(suffix for suffixes in SUFFIXES.values() for suffix in suffixes)
    advice = next((f"; {text}" for suffixes, text in ADVICE if name.endswith(suffixes)), "")
    raise DataError(f"{path}: unknown file format '{path.suffix}'; accepted: {accepted} or a Zarr folder{advice}")


@contextmanager
def open_stored(path: Path, key: str = "") -> Iterator[StoredArray]:
    """Open the array of a file; `key` is the path inside an HDF5 file or a Zarr folder.

    Raises `DataError` if the file is absent, damaged, of unknown format or lacks the key.
    """
    if not path.exists():
        raise DataError(f"{path}: no such file")
    kind = format_of(path)
    if kind != "Zarr" and not path.is_file():
        raise DataError(f"{path}: a {kind} file must be a regular file; this is {_nature(path)}")
    if key and kind not in ("HDF5", "Zarr"):
        raise DataError(f"{path}: a {kind} file has no key '{key}'")
    if kind == "HDF5":
        with open_hdf5(path, key) as stored:
            yield stored
    elif kind == "Zarr":
        yield open_zarr(path, key)
    else:
        yield {"TIFF": open_tiff, "PNG": open_png, "NPY": open_npy}[kind](path)


@contextmanager
def open_given(path: Path, key: str = "") -> Iterator[StoredArray]:
    """Open the array of a file that no checksum vouches for, as `open_stored` does.

    HDF5 is read in a process of its own before: damaged bytes of it can end the one that reads them.
    """
    require_survivable(path, key)
    with open_stored(path, key) as stored:
        yield stored


def require_survivable(path: Path, key: str = "") -> None:
    """Raise `DataError` for a file whose library crashes, or never ends, when it reads it; others are left to it."""
    if path.is_file() and format_of(path) == "HDF5":
        require_readable(path, key)


def _nature(path: Path) -> str:
    return "a folder" if path.is_dir() else "a pipe, socket or device"
