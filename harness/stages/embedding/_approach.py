"""A compiled loop of mean shift: which searches lead to modes that are known (see `_kernels`).

Importing this module imports numba.
"""

from __future__ import annotations

import numpy as np

from harness.compiling import compiled
from harness.stages.embedding._kernels import BLOCK, distances, window


@compiled
def move(point: np.ndarray, total: np.ndarray, count: int) -> float:
    """Move a point to the mean of a window, given as sum and count, and return how far that is."""
    squared = 0.0
    for channel in range(len(point)):
        mean = total[channel] / count
        squared += (mean - point[channel]) ** 2
        point[channel] = mean
    return float(np.sqrt(squared))


@compiled
def approach(
    columns: np.ndarray,
    sums: np.ndarray,
    ring: np.ndarray,
    starts: np.ndarray,
    few_columns: np.ndarray,
    few_sums: np.ndarray,
    few_ring: np.ndarray,
    few_starts: np.ndarray,
    centres: np.ndarray,
    enough: int,
    modes: np.ndarray,
    stop: float,
    seeds: np.ndarray,
    radius: float,
    most: int,
    reached: np.ndarray,
) -> None:
    """Say of each seed whether its search comes within `stop` of one of the modes (channels x m), or finds nothing.

    A window is that of the few vectors where it holds enough of them, else that of all.
    """
    channels = columns.shape[0]
    block = np.empty(max(BLOCK, modes.shape[1]), np.float32)
    total = np.empty(channels, np.float64)
    point = np.empty(channels, np.float32)
    limit = np.float32(stop * stop)
    for seed in range(seeds.shape[0]):
        point[:] = seeds[seed]
        reached[seed] = False
        for _ in range(most + 1):
            distances(modes, 0, modes.shape[1], point, block)
            for index in range(modes.shape[1]):
                if block[index] <= limit:
                    reached[seed] = True
            if reached[seed]:
                break
            count = window(few_columns, few_sums, few_ring, few_starts, centres, point, radius, total, block)
            if count < enough:
                count = window(columns, sums, ring, starts, centres, point, radius, total, block)
            if count == 0:
                reached[seed] = True
                break
            if move(point, total, count) <= 1e-3 * radius:
                break
