"""Vectors sorted into cells, so that loops over those near a point skip the others."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

_MOST_CELLS = 256
_LOOKED_AT = 4096
_CHUNK = 2048
_MOVES = 3


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Vectors by the cell whose centre is nearest, in a cell by their distance to it.

    columns, rows  float32, channels x n and n x channels: the sorted vectors twice
    ring           float32 (n,): distance to the centre of the own cell
    own            int64 (n,): number of the own cell
    starts         int64 (cells + 1,): where each cell begins and the last one ends
    centres        float32 (channels, cells)
    order          int64 (n,): which of the given vectors each one is
    """

    columns: np.ndarray
    rows: np.ndarray
    ring: np.ndarray
    own: np.ndarray
    starts: np.ndarray
    centres: np.ndarray
    order: np.ndarray


def sorted_into_cells(vectors: np.ndarray, radius: float, threads: int) -> Cells:
    """Return vectors (float32, n x channels) in cells around means of vectors near each other.

    `radius` is the distance of the vectors that the cells begin with. It decides about time alone.
    """
    centres = _centres(vectors[:: max(1, len(vectors) // _LOOKED_AT)], radius, threads)
    own, ring = nearest_of(vectors, centres, threads)
    order = np.lexsort((ring, own))
    rows = vectors[order]
    starts = np.concatenate([[0], np.cumsum(np.bincount(own, minlength=len(centres)))]).astype(np.int64)
    columns = np.ascontiguousarray(rows.T)
    return Cells(columns, rows, ring[order], own[order], starts, np.ascontiguousarray(centres.T), order)


def nearest_of(vectors: np.ndarray, centres: np.ndarray, threads: int) -> tuple[np.ndarray, np.ndarray]:
    """Return for each vector (float32, n x channels) the number (int64) of the nearest centre, and how far it is."""
    from harness.stages.embedding import _kernels

    columns = np.ascontiguousarray(centres.T, dtype=np.float32)
    number = np.empty(len(vectors), dtype=np.int64)
    away = np.empty(len(vectors), dtype=np.float32)

    def task(part: slice) -> None:
        _kernels.nearest(vectors[part], columns, number[part], away[part])

    in_parts(task, len(vectors), threads)
    return number, away


def in_parts(task: Callable[[slice], None], size: int, threads: int, chunk: int = _CHUNK) -> None:
    """Call a task for slices that make up 0 … size - 1, in threads; it writes its results where nobody else does."""
    parts = [slice(begin, min(begin + chunk, size)) for begin in range(0, size, chunk)]
    if threads < 2 or len(parts) < 2:
        for part in parts:
            task(part)
        return
    with ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(task, parts):
            pass


def _centres(vectors: np.ndarray, radius: float, threads: int) -> np.ndarray:
    """Return leaders, moved to the mean of those nearest to them: modes lie near means, and balls around modes are
    what is asked for."""
    centres = _leaders(vectors, radius)
    for _ in range(_MOVES):
        own, _ = nearest_of(vectors, centres, threads)
        sizes = np.bincount(own, minlength=len(centres))
        sums = np.stack([np.bincount(own, weights=column, minlength=len(centres)) for column in vectors.T], axis=1)
        centres = (sums[sizes > 0] / sizes[sizes > 0, None]).astype(np.float32)
    return centres


def _leaders(vectors: np.ndarray, radius: float) -> np.ndarray:
    """Return vectors of which each lies further than the radius from the ones before it, at most `_MOST_CELLS`."""
    found: list[np.ndarray] = []
    left = vectors
    while len(left) and len(found) < _MOST_CELLS:
        found.append(left[0])
        left = left[np.square(left - left[0]).sum(axis=1) > radius * radius]
    return np.array(found, dtype=np.float32)
