"""The vector comparison against a loop."""

from __future__ import annotations

import numpy as np
import pytest
from numba import njit

from harness.metrics.lanes import LANES, changes, lowest_bit


@njit
def compiled_changes(array: np.ndarray, index: int) -> int:
    return changes(array, np.uint64(index))


@njit
def compiled_lowest_bit(mask: int) -> int:
    return lowest_bit(np.uint64(mask))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.uint32, np.uint64])
def test_each_bit_is_one_comparison(dtype: type) -> None:
    rng = np.random.default_rng(4)
    array = (rng.integers(0, 3, 3 * LANES) * (np.iinfo(dtype).max // 2)).astype(dtype)
    for index in (1, 2, 7, LANES, 2 * LANES):
        expected = sum(int(array[index + k] != array[index + k - 1]) << k for k in range(LANES))
        assert int(compiled_changes(array, index)) == expected


@pytest.mark.parametrize("bit", [0, 1, 31, 32, 63])
def test_lowest_bit(bit: int) -> None:
    assert compiled_lowest_bit(np.uint64(1 << bit)) == bit
    assert compiled_lowest_bit(np.uint64(1 << bit | 1 << 63)) == bit
