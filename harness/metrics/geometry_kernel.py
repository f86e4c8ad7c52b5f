"""The compiled inner loop of geometry: runs of equal labels along the last axis, added up object by object.

Importing this module imports numba, so only the function that measures imports it.
"""

from __future__ import annotations

import numpy as np

from harness.compiling import compiled
from harness.metrics.kernel import BLOCK, ONE, TRUTH_FACTOR
from harness.metrics.lanes import changes, lowest_bit

LABEL, NUMBER = 0, 1
FIRST_BITS = 12
FARTHEST = np.iinfo(np.int64).max


@compiled
def _row_of(slots: np.ndarray, shift: np.uint64, label: np.uint64, objects: np.int64, room: int) -> np.int64:
    """Return the row of an object, `objects` if it is new and takes that row, -1 if it is new and there is no room."""
    mask = np.uint64(slots.shape[0] - 1)
    slot = (label * TRUTH_FACTOR) >> shift
    while slots[slot, NUMBER] != 0:
        if slots[slot, LABEL] == label:
            return np.int64(slots[slot, NUMBER]) - 1
        slot = (slot + ONE) & mask
    if objects == room:
        return np.int64(-1)
    slots[slot, LABEL] = label
    slots[slot, NUMBER] = np.uint64(objects + 1)
    return objects


@compiled
def _add_run(sums: np.ndarray, row: np.int64, corner: np.ndarray, first: np.int64, run: np.int64) -> None:
    """Add a run of `run` voxels that begins at `first` on the last axis and at `corner` on the others."""
    last = corner.size
    sums[row, 0] += run
    for axis in range(last + 1):
        low = first if axis == last else corner[axis]
        high = first + run if axis == last else corner[axis] + 1
        sums[row, 1 + axis] += run * first + run * (run - 1) // 2 if axis == last else run * low
        sums[row, 2 + last + axis] = min(sums[row, 2 + last + axis], low)
        sums[row, 3 + 2 * last + axis] = max(sums[row, 3 + 2 * last + axis], high)


@compiled
def _measure(
    labels: np.ndarray,
    begin: np.int64,
    origin: np.ndarray,
    extents: np.ndarray,
    slots: np.ndarray,
    shift: np.uint64,
    sums: np.ndarray,
    objects: np.int64,
) -> tuple[np.int64, np.int64]:
    """Add runs from voxel `begin` until the block ends or an object finds no room; return (voxels done, objects)."""
    last = extents.size - 1
    length = np.uint64(extents[last])
    size = np.uint64(labels.size)
    room = sums.shape[0]
    corner = np.empty(last, np.int64)
    start = np.uint64(begin)
    while start < size:
        line = start // length
        line_start, line_end = line * length, (line + ONE) * length
        rest = np.int64(line)
        for axis in range(last - 1, -1, -1):
            corner[axis] = origin[axis] + rest % extents[axis]
            rest //= extents[axis]
        here = start + ONE
        while start < line_end:
            if here >= line_end:
                ends = ONE
                here = line_end
                step = ONE
            elif here + BLOCK <= line_end:
                ends = changes(labels, here)
                step = BLOCK
            else:
                ends = np.uint64(labels[here] != labels[start])
                step = ONE
            while ends != 0:
                end = here + lowest_bit(ends)
                ends &= ends - ONE
                label = np.uint64(labels[start])
                if label != 0:
                    row = _row_of(slots, shift, label, objects, room)
                    if row < 0:
                        return np.int64(start), objects
                    objects += np.int64(row == objects)
                    first = origin[last] + np.int64(start - line_start)
                    _add_run(sums, row, corner, first, np.int64(end - start))
                start = end
            here += step
    return np.int64(size), objects


class ObjectCounter:
    """Voxels, sums of coordinates and bounding boxes of labels; memory grows with the number of objects.

    At most two thirds of the slots are taken. A row of `_sums` holds, for `axes` axes, 1 + 3 * axes int64: voxels,
    then per axis the sum of the coordinates, the least one, and one more than the greatest.
    """

    def __init__(self, axes: int) -> None:
        self._axes = axes
        self._bits = FIRST_BITS
        self._slots = np.zeros((1 << FIRST_BITS, 2), np.uint64)
        self._sums = self._rows(2 * self._slots.shape[0] // 3)
        self._objects = np.int64(0)

    def add(self, labels: np.ndarray, origin: tuple[int, ...], extents: tuple[int, ...]) -> None:
        """Measure a block that begins at `origin`: flat, C-contiguous, unsigned; label 0 is no object."""
        corner, shape = np.array(origin, np.int64), np.array(extents, np.int64)
        done = np.int64(0)
        while True:
            shift = np.uint64(64 - self._bits)
            state = (self._slots, shift, self._sums, self._objects)
            done, self._objects = _measure(labels, done, corner, shape, *state)
            if done == labels.size:
                return
            self._grow()

    def measured(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the labels, (n,) uint64 in no order, and their rows of sums, (n, 1 + 3 * axes) int64."""
        taken = self._slots[self._slots[:, NUMBER] > 0]
        labels = np.empty(self._objects, np.uint64)
        labels[taken[:, NUMBER].astype(np.int64) - 1] = taken[:, LABEL]
        return labels, self._sums[: self._objects]

    def _rows(self, count: int) -> np.ndarray:
        rows = np.zeros((count, 1 + 3 * self._axes), np.int64)
        rows[:, 1 + self._axes : 1 + 2 * self._axes] = FARTHEST
        return rows

    def _grow(self) -> None:
        labels, _ = self.measured()
        self._bits += 1
        self._slots = np.zeros((1 << self._bits, 2), np.uint64)
        more = 2 * self._slots.shape[0] // 3
        self._sums = np.concatenate([self._sums, self._rows(more - self._sums.shape[0])])
        _insert(self._slots, np.uint64(64 - self._bits), labels)


@compiled
def _insert(slots: np.ndarray, shift: np.uint64, labels: np.ndarray) -> None:
    """Give the labels the rows in whose order they come."""
    for row in range(labels.size):
        _row_of(slots, shift, labels[row], np.int64(row), labels.size)
