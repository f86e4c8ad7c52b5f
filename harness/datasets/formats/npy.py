"""NPY: mapped into memory, so that a region costs what it holds."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from harness.datasets.formats.stored_array import StoredArray, reading


def open_npy(path: Path) -> StoredArray:
    """Open the array of a file that holds no Python objects."""
    with reading(path, "NPY"):
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    return StoredArray(array.shape, array.dtype, "", None, lambda region: np.array(array[region]))
