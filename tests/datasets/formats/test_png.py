from __future__ import annotations

from pathlib import Path

import imageio.v3 as imageio
import numpy as np

from harness.datasets.formats.open import open_stored

ARRAY = np.arange(24, dtype=np.uint16).reshape(2, 3, 4)


def test_png_in_eight_and_sixteen_bits_and_colour(tmp_path: Path) -> None:
    for name, array, axes in (
        ("a.png", ARRAY[0].astype(np.uint8), "YX"),
        ("b.png", ARRAY[0] * 1000, "YX"),
        ("c.png", np.zeros((3, 4, 3), dtype=np.uint8), "YXC"),
    ):
        imageio.imwrite(tmp_path / name, array)
        with open_stored(tmp_path / name) as stored:
            assert (stored.axes, stored.dtype) == (axes, array.dtype)
            assert np.array_equal(stored.read((slice(None),) * array.ndim), array)
