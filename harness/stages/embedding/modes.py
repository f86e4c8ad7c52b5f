"""The modes that mean shift finds, in a fraction of its time.

scikit-learn looks for the vectors in each window by way of a tree, which sixteen channels defeat. Here the vectors lie
in cells (`cells`), of which a window holds most as a whole, and searches that lead to a crowded mode end early: where
the vectors of a cell are many, some of them give the mean of a window as well as all, and a search that comes near a
mode known already adds none. All others are followed to their ends over all vectors, as scikit-learn does; so are the
first searches, which find the crowded modes. Which modes are kept, and to which one a voxel belongs, is decided as
there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.errors import DataError
from harness.stages.embedding.cells import Cells, in_parts, nearest_of, sorted_into_cells

MOST_ITERATIONS = 300
"""Of one search, as in scikit-learn."""
MOST_MODES = 20_000
"""More clusters than any image has objects and fragments: each voxel would be compared with each."""

_CELL_BANDWIDTHS = 3.0
"""Between the vectors that cells begin with: one cell for a cluster is as good as any finer division."""
_SEARCHES_PER_TASK = 16
_ORDERED_AT_ONCE = 4096
"""Modes that are compared with all stronger ones together: what is held stays small however many there are."""
_TRIED = 5 * MOST_MODES // 4
"""Searches of which it is looked whether they alone led to more than `MOST_MODES`, before twice as many follow."""
_FIRST_SEARCHES = 16
"""Seeds, the fullest cells of the grid, that are followed to their ends beside the centres of the cells."""
_CROWDED = 512
"""Vectors in the last window of a search from which on its mode is one that others may end near."""
_NEAR_BANDWIDTHS = 0.5
"""How near: such a window holds what surrounds the mode, and draws there."""
_FEW = 2048
"""Vectors of the largest cell that stand for all of it; of the others every vector at the same step does."""
_ENOUGH = 64
"""Vectors that a window over those few holds at least, or it is made of all."""


@dataclass(frozen=True, slots=True, eq=False)
class _Sums:
    """Vectors of cells with their running sums (float64, n + 1 x channels)."""

    columns: np.ndarray
    sums: np.ndarray
    ring: np.ndarray
    starts: np.ndarray


def clusters(
    vectors: np.ndarray,
    bandwidth: float,
    min_bin_freq: int,
    threads: int,
    device: str = "cpu",
    where: str = "mean shift",
) -> np.ndarray | None:
    """Return the cluster of each vector (float32, n x channels) as int64 from 0, None if no search finds a vector.

    Raises `DataError`, which begins with `where`, for more than `MOST_MODES` clusters.
    """
    if device == "cpu":
        seeds = grid_seeds(vectors, bandwidth, min_bin_freq)
        modes, counts = _searched(vectors, seeds, bandwidth, threads, where)
    else:
        modes, counts = _searched_on(device, vectors, bandwidth, min_bin_freq)
    if not len(modes):
        return None
    kept = _kept(modes, counts, bandwidth, len(vectors), where)
    if device == "cpu":
        return nearest_of(vectors, kept, threads)[0]
    from harness.stages.embedding import _on_gpu

    return _on_gpu.nearest_of(vectors, kept, device)


def grid_seeds(vectors: np.ndarray, edge: float, least: int) -> np.ndarray:
    """Return the centres of the grid's cells that hold at least so many vectors (float32), the fullest first.

    Where each vector has a cell of its own the vectors themselves are returned, as scikit-learn does.
    """
    cells = np.round(vectors / np.float32(edge)).astype(np.float32)
    codes = _codes(cells)
    _, first, counts = np.unique(codes, return_index=True, return_counts=True)
    enough = counts >= least
    if int(enough.sum()) == len(vectors):
        return vectors
    first, counts = first[enough], counts[enough]
    seeds: np.ndarray = cells[first[np.lexsort((first, -counts))]] * np.float32(edge)
    return seeds


def strongest_apart(modes: np.ndarray, counts: np.ndarray, bandwidth: float) -> np.ndarray:
    """Return the modes (float32, n x channels), strongest first, without those within a bandwidth of a stronger one.

    Of equally strong ones the one with the greater coordinates is the stronger. The search ends at the first one above
    `MOST_MODES`.
    """
    order = np.lexsort((*modes.T[::-1], counts))[::-1]
    kept = np.empty((min(len(modes), MOST_MODES + 1), modes.shape[1]), dtype=np.float32)
    count = 0
    for begin in range(0, len(order), _ORDERED_AT_ONCE):
        left = modes[order[begin : begin + _ORDERED_AT_ONCE]]
        for stronger in kept[:count]:
            left = _apart(left, stronger, bandwidth)
        while len(left) and count < len(kept):
            kept[count] = left[0]
            left = _apart(left, kept[count], bandwidth)
            count += 1
        if count == len(kept):
            break
    return kept[:count]


def _apart(modes: np.ndarray, stronger: np.ndarray, bandwidth: float) -> np.ndarray:
    apart: np.ndarray = modes[np.square(modes - stronger).sum(axis=1) > bandwidth * bandwidth]
    return apart


def _kept(modes: np.ndarray, counts: np.ndarray, bandwidth: float, voxels: int, where: str) -> np.ndarray:
    kept = strongest_apart(modes, counts, bandwidth)
    if len(kept) > MOST_MODES:
        raise DataError(
            f"{where}: more than {MOST_MODES} clusters of {voxels} voxels at a bandwidth of {bandwidth:g}; "
            "accepted: a wider bandwidth, fewer channels (pca), or a larger min_bin_freq"
        )
    return kept


def _codes(cells: np.ndarray) -> np.ndarray:
    """Return one number (uint64) for equal rows: a sum of hashed coordinates, which collides once in 10^9 images."""
    codes = np.zeros(len(cells), dtype=np.uint64)
    for channel, column in enumerate(cells.T):
        mixed = (column.astype(np.int64).view(np.uint64) + np.uint64(channel + 1)) * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(29)
        mixed *= np.uint64(0xBF58476D1CE4E5B9) + np.uint64(2 * channel)
        mixed ^= mixed >> np.uint64(32)
        codes = codes * np.uint64(0x94D049BB133111EB) + mixed
    return codes


def _searched(
    vectors: np.ndarray, seeds: np.ndarray, bandwidth: float, threads: int, where: str
) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends of the searches (float32, n x channels) and how many vectors lie in their last windows (int64).

    Ends are returned once each; those of searches that found nothing, or came near a crowded mode, are not. Raises
    `DataError` as soon as some of the searches lead to more than `MOST_MODES` clusters: a million would take hours.
    """
    cells = sorted_into_cells(vectors, _CELL_BANDWIDTHS * bandwidth, threads)
    every, few = _summed(cells, 1), _summed(cells, max(1, int(np.diff(cells.starts).max()) // _FEW))
    first = seeds[:_FIRST_SEARCHES]
    found = [_ends(every, cells.centres, first, bandwidth, threads)]
    if len(first) < len(seeds):
        ends, counts = _ends(every, cells.centres, np.ascontiguousarray(cells.centres.T), bandwidth, threads)
        found.append((ends[counts >= _CROWDED], counts[counts >= _CROWDED]))
        ends, counts = (np.concatenate(each) for each in zip(*found, strict=True))
        crowded = strongest_apart(ends[counts >= _CROWDED], counts[counts >= _CROWDED], bandwidth)
        left = seeds[len(first) :]
        left = left[~_reached(every, few, cells.centres, crowded, left, bandwidth, threads)]
        begin, end = 0, _TRIED
        while begin < len(left):
            found.append(_ends(every, cells.centres, left[begin:end], bandwidth, threads))
            if end < len(left):
                _kept(*_once_each([found[-1]]), bandwidth, len(vectors), where)
            begin, end = end, 3 * end
    return _once_each(found)


def _once_each(found: list[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends of searches that found a vector, once each, and their counts."""
    ends, counts = (np.concatenate(each) for each in zip(*found, strict=True))
    modes, places = np.unique(ends[counts > 0], axis=0, return_index=True)
    return modes, counts[counts > 0][places]


def _searched_on(
    device: str, vectors: np.ndarray, bandwidth: float, min_bin_freq: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the same from searches on a GPU, all over all vectors; those that come near a crowded mode end there."""
    from harness.stages.embedding import _on_gpu

    seeds = _on_gpu.grid_seeds(vectors, bandwidth, min_bin_freq, device)
    first, left = seeds[:_FIRST_SEARCHES], seeds[_FIRST_SEARCHES:]
    ends, counts, _ = _on_gpu.climbed(vectors, first, bandwidth, MOST_ITERATIONS, device)
    crowded = strongest_apart(ends[counts >= _CROWDED], counts[counts >= _CROWDED], bandwidth)
    last, last_counts, reached = _on_gpu.climbed(
        vectors, left, bandwidth, MOST_ITERATIONS, device, modes=crowded, stop=_NEAR_BANDWIDTHS * bandwidth
    )
    return _once_each([(ends, counts), (last[~reached], last_counts[~reached])])


def _summed(cells: Cells, step: int) -> _Sums:
    """Return every n-th vector of each cell, by distance to its centre."""
    within = np.arange(len(cells.own)) - cells.starts[cells.own]
    index = np.flatnonzero(within % step == step // 2)
    rows = cells.rows[index]
    sums = np.concatenate([np.zeros((1, rows.shape[1])), np.cumsum(rows, axis=0, dtype=np.float64)])
    starts = np.searchsorted(index, cells.starts).astype(np.int64)
    return _Sums(np.ascontiguousarray(rows.T), sums, cells.ring[index], starts)


def _ends(
    every: _Sums, centres: np.ndarray, seeds: np.ndarray, bandwidth: float, threads: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return where searches over all vectors end, and how many lie in their last windows, 0 where one found nothing."""
    from harness.stages.embedding import _kernels

    ends = np.empty_like(seeds)
    counts = np.zeros(len(seeds), dtype=np.int64)

    def task(part: slice) -> None:
        _kernels.climb(
            every.columns, every.sums, every.ring, every.starts, centres, seeds[part], bandwidth, MOST_ITERATIONS,
            ends[part], counts[part],
        )  # fmt: skip

    in_parts(task, len(seeds), threads, _SEARCHES_PER_TASK)
    return ends, counts


def _reached(
    every: _Sums, few: _Sums, centres: np.ndarray, modes: np.ndarray, seeds: np.ndarray, bandwidth: float, threads: int
) -> np.ndarray:
    """Return which searches (bool) come near one of the modes, or find nothing: they add no mode."""
    from harness.stages.embedding import _approach

    reached = np.zeros(len(seeds), dtype=bool)
    if not len(modes):
        return reached
    columns = np.ascontiguousarray(modes.T)
    enough = _ENOUGH if len(few.ring) < len(every.ring) else 0

    def task(part: slice) -> None:
        _approach.approach(
            every.columns, every.sums, every.ring, every.starts, few.columns, few.sums, few.ring, few.starts, centres,
            enough, columns, _NEAR_BANDWIDTHS * bandwidth, seeds[part], bandwidth, MOST_ITERATIONS, reached[part],
        )  # fmt: skip

    in_parts(task, len(seeds), threads, _SEARCHES_PER_TASK)
    return reached
