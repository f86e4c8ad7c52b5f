"""The compiled counter of objects grows, resumes in the middle of a line, and takes any label."""

from __future__ import annotations

import numpy as np
import pytest

from harness.metrics.geometry_kernel import FIRST_BITS, ObjectCounter


@pytest.mark.parametrize("shift", [0, 17, 40])
@pytest.mark.parametrize("width", [1, 5, 64, 1000])
def test_grows_beyond_the_first_table(shift: int, width: int) -> None:
    count = (4 << FIRST_BITS) // width * width
    labels = (np.arange(1, count + 1, dtype=np.uint64)) << np.uint64(shift)
    counter = ObjectCounter(2)
    counter.add(labels, (3, 10), (count // width, width))
    ids, sums = counter.measured()
    order = np.argsort(ids)
    rows, cols = np.divmod(np.arange(count), width)
    expected = [np.ones(count, int), rows + 3, cols + 10, rows + 3, cols + 10, rows + 4, cols + 11]
    assert np.array_equal(ids[order], labels)
    assert np.array_equal(sums[order], np.stack(expected, axis=1))


def test_blocks_add_up() -> None:
    counter = ObjectCounter(1)
    counter.add(np.array([0, 7, 7], np.uint8), (0,), (3,))
    counter.add(np.array([7, 7, 2**64 - 1], np.uint64), (3,), (3,))
    ids, sums = counter.measured()
    assert dict(zip(ids.tolist(), sums.tolist(), strict=True)) == {7: [4, 10, 1, 5], 2**64 - 1: [1, 5, 5, 6]}


def test_nothing_but_background() -> None:
    counter = ObjectCounter(3)
    counter.add(np.zeros(24, np.uint16), (0, 0, 0), (2, 3, 4))
    ids, sums = counter.measured()
    assert (ids.size, sums.shape) == (0, (0, 10))
