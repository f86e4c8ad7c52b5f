"""Two label images in Zarr, and tables that are compared, for tests of what counts them by parts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import zarr

from harness.metrics.overlap import OverlapTable
from harness.runner.blockwise import Images
from tests.metrics.test_parts import TABLE

SHAPE = (40, 50, 60)


def stored_images(tmp_path: Path) -> tuple[Images, np.ndarray, np.ndarray]:
    """Two label images in Zarr, of chunks that differ, and what they hold."""
    rng = np.random.default_rng(3)
    arrays = [np.kron(rng.integers(0, 40, (10, 10, 12)), np.ones((4, 5, 5), int)).astype(np.uint32) for _ in range(2)]
    for name, array, chunks in zip(("truth", "pred"), arrays, ((8, 16, 16), (16, 10, 20)), strict=True):
        made = zarr.create_array(tmp_path / f"{name}.zarr", shape=SHAPE, chunks=chunks, dtype=array.dtype)
        made[...] = array
    return Images.named(str(tmp_path / "truth.zarr"), str(tmp_path / "pred.zarr")), arrays[0], arrays[1]


def assert_same(found: OverlapTable, expected: OverlapTable) -> None:
    assert all(np.array_equal(getattr(found, name), getattr(expected, name)) for name in TABLE)
