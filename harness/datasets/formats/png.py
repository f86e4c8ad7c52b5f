"""PNG: 8 and 16 bits, grey, palette or colour."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from harness.datasets.formats.stored_array import StoredArray, reading


def open_png(path: Path) -> StoredArray:
    """Open the image, read whole."""
    import imageio.v3 as imageio

    with reading(path, "PNG"):
        array = np.asarray(imageio.imread(path, plugin="pillow"))
    if array.dtype == np.int32:  # 16-bit greyscale comes widened from some decoders
        array = array.astype(np.uint16)
    axes = "YXC" if array.ndim == 3 else "YX"
    return StoredArray(array.shape, array.dtype, axes, None, lambda region: array[region])
