"""NPY: mapped into memory, so that a region costs what it holds."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from harness.datasets.formats.stored_array import Region, StoredArray, check_fits, check_kind, extent, reading
from harness.errors import DataError


def is_pickled(path: Path) -> bool:
    """Return whether a file holds Python objects, as a Cellpose `_seg.npy` does."""
    try:
        np.load(path, mmap_mode="r", allow_pickle=False)
    except ValueError as error:
        return "Python objects in dtype" in str(error)
    except (OSError, EOFError):  # no such file, or no NPY file at all: whoever opens it says so
        return False
    return False


def read_seg(path: Path) -> np.ndarray:
    """Return the masks of a Cellpose `_seg.npy`. Its pickle can run any code: for files that the user vouches for."""
    with reading(path, "Cellpose _seg.npy"):
        masks = np.asarray(np.load(path, allow_pickle=True).item()["masks"])
    check_kind(path, masks.dtype)
    return masks


def open_npy(path: Path) -> StoredArray:
    """Open the array of a file; raises `DataError` for one that holds Python objects."""
    if is_pickled(path):
        raise DataError(
            f"{path}: holds Python objects, as a Cellpose _seg.npy does, which can run any code when they are read; "
            f"accepted: --allow-pickle of `harness score` for a file you trust, or its masks saved as TIFF or plain NPY"
        )
    with reading(path, "NPY"):
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    check_kind(path, array.dtype)

    def read(region: Region) -> np.ndarray:
        check_fits(path, extent(region, array.shape), array.dtype)
        return np.array(array[region])

    return StoredArray(array.shape, array.dtype, "", None, read)
