"""The modes that mean shift finds, in a fraction of its time.

scikit-learn looks for the vectors in each window by way of a tree, which sixteen channels defeat. Here the vectors lie
in cells (`cells`), of which a window holds most as a whole. Nothing is thinned, no search ends early: which modes are
found and kept, and to which one a voxel belongs, is decided as scikit-learn does, so labels differ by rounding alone.
"""

from __future__ import annotations

import numpy as np

from harness.stages.embedding.cells import in_parts, nearest_of, sorted_into_cells

MOST_ITERATIONS = 300
"""Of one search, as in scikit-learn."""

_CELL_BANDWIDTHS = 3.0
"""Between the vectors that cells begin with: one cell for a cluster is as good as any finer division."""
_SEARCHES_PER_TASK = 16


def clusters(vectors: np.ndarray, bandwidth: float, min_bin_freq: int, threads: int) -> np.ndarray | None:
    """Return the cluster of each vector (float32, n x channels) as int64 from 0, None if no search finds a vector."""
    modes, counts = _searched(vectors, grid_seeds(vectors, bandwidth, min_bin_freq), bandwidth, threads)
    if not len(modes):
        return None
    return nearest_of(vectors, strongest_apart(modes, counts, bandwidth), threads)[0]


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

    Of equally strong ones the one with the greater coordinates is the stronger.
    """
    order = np.lexsort((*modes.T[::-1], counts))[::-1]
    left = modes[order]
    kept = []
    while len(left):
        kept.append(left[0])
        left = left[np.square(left - left[0]).sum(axis=1) > bandwidth * bandwidth]
    return np.array(kept, dtype=np.float32)


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


def _searched(vectors: np.ndarray, seeds: np.ndarray, bandwidth: float, threads: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends of the searches (float32, n x channels) and how many vectors lie in their last windows (int64).

    Ends are returned once each, and those of searches that found nothing are not.
    """
    from harness.stages.embedding import _kernels

    cells = sorted_into_cells(vectors, _CELL_BANDWIDTHS * bandwidth, threads)
    sums = np.concatenate([np.zeros((1, vectors.shape[1])), np.cumsum(cells.rows, axis=0, dtype=np.float64)])
    ends = np.empty_like(seeds)
    counts = np.zeros(len(seeds), dtype=np.int64)

    def task(part: slice) -> None:
        _kernels.climb(
            cells.columns, sums, cells.ring, cells.starts, cells.centres, seeds[part], bandwidth, MOST_ITERATIONS,
            ends[part], counts[part],
        )  # fmt: skip

    in_parts(task, len(seeds), threads, _SEARCHES_PER_TASK)
    modes, first = np.unique(ends[counts > 0], axis=0, return_index=True)
    return modes, counts[counts > 0][first]
