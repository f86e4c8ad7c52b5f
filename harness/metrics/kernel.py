"""The compiled inner loop: runs of equal (truth, prediction) pairs counted in an open-addressing hash table.

Importing this module imports numba, so only the function that counts imports it. The machine code is kept on disk:
a process after the first loads it in milliseconds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

import numpy as np
from numba import njit

Compiled = TypeVar("Compiled", bound=Callable)

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
MIXER = np.uint64(0xC2B2AE3D27D4EB4F)
HALF = np.uint64(32)
ONE = np.uint64(1)
INITIAL_SLOTS = 1 << 13
GROWTH = 4


def _compiled(function: Compiled) -> Compiled:
    """Compile without the interpreter lock, keeping the machine code where a folder for it can be written."""
    try:
        return cast(Compiled, njit(nogil=True, cache=True)(function))
    except RuntimeError:  # numba found no writable folder: compile again in every process
        return cast(Compiled, njit(nogil=True)(function))


@_compiled
def _add(ids: np.ndarray, counts: np.ndarray, truth: np.uint64, pred: np.uint64, run: int) -> int:
    """Add a run to the slot of its pair; return 1 if the pair is new, else 0."""
    mask = np.uint64(counts.size - 1)
    code = (truth * GOLDEN) ^ (pred * MIXER)
    code = (code ^ (code >> HALF)) * GOLDEN
    slot = (code ^ (code >> HALF)) & mask
    while counts[slot] != 0:
        if ids[slot, 0] == truth and ids[slot, 1] == pred:
            counts[slot] += run
            return 0
        slot = (slot + ONE) & mask
    ids[slot, 0] = truth
    ids[slot, 1] = pred
    counts[slot] = run
    return 1


@_compiled
def _count_runs(
    truth: np.ndarray, pred: np.ndarray, ids: np.ndarray, counts: np.ndarray, filled: int
) -> tuple[int, int]:
    """Count runs until the arrays end or half the slots are taken; return (elements consumed, slots taken)."""
    limit = counts.size // 2
    here_truth = truth[0]
    here_pred = pred[0]
    start = 0
    for i in range(1, truth.size):
        if truth[i] != here_truth or pred[i] != here_pred:
            filled += _add(ids, counts, np.uint64(here_truth), np.uint64(here_pred), i - start)
            if filled > limit:
                return i, filled
            here_truth = truth[i]
            here_pred = pred[i]
            start = i
    filled += _add(ids, counts, np.uint64(here_truth), np.uint64(here_pred), truth.size - start)
    return truth.size, filled


@_compiled
def _move(ids: np.ndarray, counts: np.ndarray, new_ids: np.ndarray, new_counts: np.ndarray) -> None:
    """Insert every taken slot of one table into another, larger one."""
    for i in range(counts.size):
        if counts[i] != 0:
            _add(new_ids, new_counts, ids[i, 0], ids[i, 1], counts[i])


class PairCounter:
    """Counts of (truth, prediction) label pairs; memory grows with the number of distinct pairs."""

    def __init__(self) -> None:
        self._ids = np.empty((INITIAL_SLOTS, 2), np.uint64)
        self._counts = np.zeros(INITIAL_SLOTS, np.int64)
        self._filled = 0

    def add(self, truth: np.ndarray, pred: np.ndarray) -> None:
        """Count two flat, C-contiguous arrays of equal length and the same unsigned dtype."""
        done = 0
        while done < truth.size:
            consumed, self._filled = _count_runs(truth[done:], pred[done:], self._ids, self._counts, self._filled)
            done += consumed
            if 2 * self._filled > self._counts.size:
                self._grow()

    def pairs(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the distinct pairs, (n, 2) uint64 in no order, and their counts, (n,) int64."""
        taken = self._counts > 0
        return self._ids[taken], self._counts[taken]

    def _grow(self) -> None:
        slots = GROWTH * self._counts.size
        ids, counts = np.empty((slots, 2), np.uint64), np.zeros(slots, np.int64)
        _move(self._ids, self._counts, ids, counts)
        self._ids, self._counts = ids, counts
