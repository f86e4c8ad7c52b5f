"""The compiled inner loop: runs of equal (truth, prediction) pairs counted in an open-addressing hash table.

Importing this module imports numba, so only the function that counts imports it. The machine code is kept on disk:
a process after the first loads it in milliseconds.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from harness.compiling import compiled
from harness.metrics.lanes import LANES, changes, lowest_bit

TRUTH, PRED, COUNT = 0, 1, 2
FIRST_BITS = 14
TRUTH_FACTOR = np.uint64(0x9E3779B97F4A7C15)
PRED_FACTOR = np.uint64(0xC2B2AE3D27D4EB4F)
ONE = np.uint64(1)
BLOCK = np.uint64(LANES)


@compiled
def _add(table: np.ndarray, shift: np.uint64, truth: np.uint64, pred: np.uint64, run: np.uint64) -> int:
    """Add a run to the slot of its pair; return 1 if the pair is new, else 0."""
    mask = np.uint64(table.shape[0] - 1)
    slot = ((truth * TRUTH_FACTOR) ^ (pred * PRED_FACTOR)) >> shift
    while table[slot, COUNT] != 0:
        if table[slot, TRUTH] == truth and table[slot, PRED] == pred:
            table[slot, COUNT] += run
            return 0
        slot = (slot + ONE) & mask
    table[slot, TRUTH] = truth
    table[slot, PRED] = pred
    table[slot, COUNT] = run
    return 1


@compiled
def _count_runs(
    truth: np.ndarray, pred: np.ndarray, table: np.ndarray, shift: np.uint64, room: int
) -> tuple[np.int64, int]:
    """Count runs until the arrays end or `room` new pairs are in; return (elements consumed, new pairs).

    The ends of runs are found 64 voxels at a time; only at an end is anything looked up.
    """
    size = np.uint64(truth.size)
    new = 0
    start = np.uint64(0)
    here = ONE
    while here < size:
        if here + BLOCK <= size:
            ends = changes(truth, here) | changes(pred, here)
            step = BLOCK
        else:
            ends = np.uint64(truth[here] != truth[start] or pred[here] != pred[start])
            step = ONE
        while ends != 0:
            end = here + lowest_bit(ends)
            ends &= ends - ONE
            new += _add(table, shift, np.uint64(truth[start]), np.uint64(pred[start]), end - start)
            start = end
            if new == room:
                return np.int64(end), new
        here += step
    new += _add(table, shift, np.uint64(truth[start]), np.uint64(pred[start]), size - start)
    return np.int64(size), new


@compiled
def _add_counted(
    ids: np.ndarray, counts: np.ndarray, table: np.ndarray, shift: np.uint64, room: int
) -> tuple[np.int64, int]:
    """Add pairs that were counted elsewhere until they end or `room` new ones are in; return (pairs read, new ones)."""
    new = 0
    for number in range(ids.shape[0]):
        new += _add(table, shift, ids[number, 0], ids[number, 1], np.uint64(counts[number]))
        if new == room:
            return np.int64(number + 1), new
    return np.int64(ids.shape[0]), new


@compiled
def _move(table: np.ndarray, new_table: np.ndarray, new_shift: np.uint64) -> None:
    """Insert every taken slot of one table into another, larger one."""
    for slot in range(table.shape[0]):
        if table[slot, COUNT] != 0:
            _add(new_table, new_shift, table[slot, TRUTH], table[slot, PRED], table[slot, COUNT])


class PairCounter:
    """Counts of (truth, prediction) label pairs; memory grows with the number of distinct pairs.

    At most two thirds of the slots are taken. The slot of a pair comes from the highest bits of its code, in which
    every bit of both labels has a say.
    """

    def __init__(self) -> None:
        self._bits = FIRST_BITS
        self._table = np.zeros((1 << FIRST_BITS, 3), np.uint64)
        self._pairs = 0

    def add(self, truth: np.ndarray, pred: np.ndarray) -> None:
        """Count two flat, C-contiguous arrays of equal length and the same unsigned dtype.

        Raises `ValueError` for others: the compiled loop would read beyond the shorter one.
        """
        if truth.shape != pred.shape or truth.ndim != 1 or truth.dtype != pred.dtype:
            raise ValueError(f"pairs of {truth.shape} {truth.dtype} and {pred.shape} {pred.dtype} cannot be counted")
        self._add_all(_count_runs, truth, pred)

    def add_pairs(self, ids: np.ndarray, counts: np.ndarray) -> None:
        """Add pairs that were counted elsewhere, (n, 2) uint64, and their counts, (n,) int64 from 1.

        Raises `ValueError` for others.
        """
        if ids.shape != (counts.size, 2) or counts.ndim != 1 or ids.dtype != np.uint64 or counts.dtype != np.int64:
            raise ValueError(f"pairs of {ids.shape} {ids.dtype} and {counts.shape} {counts.dtype} cannot be added")
        self._add_all(_add_counted, ids, counts)

    def _add_all(self, add: Callable[..., tuple[np.int64, int]], first: np.ndarray, second: np.ndarray) -> None:
        done = 0
        while done < first.shape[0]:
            room = 2 * self._table.shape[0] // 3 - self._pairs
            consumed, new = add(first[done:], second[done:], self._table, np.uint64(64 - self._bits), room)
            done += int(consumed)
            self._pairs += new
            if new == room:
                self._grow()

    def pairs(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the distinct pairs, (n, 2) uint64 in no order, and their counts, (n,) int64."""
        taken = self._table[self._table[:, COUNT] > 0]
        return taken[:, :COUNT], taken[:, COUNT].astype(np.int64)

    def _grow(self) -> None:
        self._bits += 1
        larger = np.zeros((1 << self._bits, 3), np.uint64)
        _move(self._table, larger, np.uint64(64 - self._bits))
        self._table = larger
