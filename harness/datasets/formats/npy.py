"""NPY: mapped into memory, so that a region costs what it holds; of a Cellpose `_seg.npy` its masks."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from harness.datasets.formats.seg import read_seg
from harness.datasets.formats.stored_array import Region, StoredArray, check_fits, check_kind, extent, reading


def is_pickled(path: Path) -> bool:
    """Return whether a file holds Python objects, as a Cellpose `_seg.npy` does."""
    try:
        np.load(path, mmap_mode="r", allow_pickle=False)
    except Exception as error:  # of a damaged header Python's own parser may speak: whoever opens the file says so
        return "Python objects in dtype" in str(error)
    return False


def open_npy(path: Path) -> StoredArray:
    """Open the array of a file, of a Cellpose `_seg.npy` its masks; raises `DataError` for other Python objects."""
    if is_pickled(path):
        masks = read_seg(path)
        return StoredArray(masks.shape, masks.dtype, "", None, lambda region: np.array(masks[region]))
    with reading(path, "NPY"):
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    check_kind(path, array.dtype)

    def read(region: Region) -> np.ndarray:
        check_fits(path, extent(region, array.shape), array.dtype)
        return np.array(array[region])

    return StoredArray(array.shape, array.dtype, "", None, read, is_read_by_region=True)
