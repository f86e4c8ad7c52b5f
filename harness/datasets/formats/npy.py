"""NPY: mapped into memory, so that a region costs what it holds."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from harness.datasets.formats.stored_array import Region, StoredArray, check_fits, check_kind, extent, reading


def open_npy(path: Path) -> StoredArray:
    """Open the array of a file that holds no Python objects."""
    with reading(path, "NPY"):
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    check_kind(path, array.dtype)

    def read(region: Region) -> np.ndarray:
        check_fits(path, extent(region, array.shape), array.dtype)
        return np.array(array[region])

    return StoredArray(array.shape, array.dtype, "", None, read)
