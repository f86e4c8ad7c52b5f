"""Compiled loops over vectors that lie in cells: balls, searches for modes, nearest centres.

Vectors come as `columns` (channels x n), so that distances to many of them are vector instructions. They are sorted by
cell, in a cell by distance to its centre (`ring`), so a ball touches in each cell only the vectors whose distance to
the centre differs from its own by at most its radius, and all those of a cell that it surely holds come as one
difference of running sums (`sums`). All distances of loops are squared. Importing this module imports numba.
"""

from __future__ import annotations

import numpy as np

from harness.compiling import compiled

BLOCK = 256
SLACK = np.float32(1e-4)
"""What rounding may add to a distance: rings are cut this much wider."""


@compiled
def distances(columns: np.ndarray, low: int, high: int, point: np.ndarray, block: np.ndarray) -> None:
    """Write the squared distances of the vectors low … high - 1 to a point into the first entries of `block`."""
    size = high - low
    for index in range(size):
        block[index] = 0
    for channel in range(columns.shape[0]):
        at = point[channel]
        row = columns[channel, low:high]
        for index in range(size):
            away = row[index] - at
            block[index] += away * away


@compiled
def bounds(ring: np.ndarray, first: int, last: int, away: float, radius: float) -> tuple[int, int]:
    """Return which vectors of a cell can lie within a radius of a point that is `away` from its centre."""
    if first == last or away - ring[last - 1] > radius + SLACK:
        return first, first
    part = ring[first:last]
    low = int(np.searchsorted(part, np.float32(away - radius) - SLACK))
    high = int(np.searchsorted(part, np.float32(away + radius) + SLACK, side="right"))
    return first + low, first + high


@compiled
def window(
    columns: np.ndarray,
    sums: np.ndarray,
    ring: np.ndarray,
    starts: np.ndarray,
    centres: np.ndarray,
    point: np.ndarray,
    radius: float,
    total: np.ndarray,
    block: np.ndarray,
) -> int:
    """Sum the vectors within a radius of a point into `total` (float64) and return how many there are."""
    channels = columns.shape[0]
    limit = np.float32(radius * radius)
    total[:] = 0
    count = 0
    for cell in range(centres.shape[1]):
        away = np.float32(0)
        for channel in range(channels):
            step = centres[channel, cell] - point[channel]
            away += step * step
        away = np.sqrt(away)
        low, high = bounds(ring, starts[cell], starts[cell + 1], away, radius)
        if low == high:
            continue
        sure = low + int(np.searchsorted(ring[low:high], np.float32(radius - away) - SLACK))
        if sure > low:
            count += sure - low
            for channel in range(channels):
                total[channel] += sums[sure, channel] - sums[low, channel]
        for begin in range(sure, high, BLOCK):
            end = min(begin + BLOCK, high)
            distances(columns, begin, end, point, block)
            for index in range(end - begin):
                if block[index] <= limit:
                    count += 1
                    for channel in range(channels):
                        total[channel] += columns[channel, begin + index]
    return count


@compiled
def climb(
    columns: np.ndarray,
    sums: np.ndarray,
    ring: np.ndarray,
    starts: np.ndarray,
    centres: np.ndarray,
    seeds: np.ndarray,
    radius: float,
    most: int,
    means: np.ndarray,
    counts: np.ndarray,
) -> None:
    """Follow each seed to its mode: `means` gets where it ends, `counts` the vectors in the last window.

    A search stops where the mean moves by at most a thousandth of the radius or after `most` + 1 windows, as
    scikit-learn's do; an empty window counts 0.
    """
    channels = columns.shape[0]
    block = np.empty(BLOCK, np.float32)
    total = np.empty(channels, np.float64)
    point = np.empty(channels, np.float32)
    for seed in range(seeds.shape[0]):
        point[:] = seeds[seed]
        for _ in range(most + 1):
            count = window(columns, sums, ring, starts, centres, point, radius, total, block)
            counts[seed] = count
            if count == 0:
                break
            moved = 0.0
            for channel in range(channels):
                mean = total[channel] / count
                moved += (mean - point[channel]) ** 2
                point[channel] = mean
            if np.sqrt(moved) <= 1e-3 * radius:
                break
        means[seed] = point


@compiled
def nearest(points: np.ndarray, columns: np.ndarray, index_of: np.ndarray, away: np.ndarray) -> None:
    """Find for each point (n x channels) the nearest of the vectors (channels x m), the first of equally near ones."""
    block = np.empty(columns.shape[1], np.float32)
    for number in range(points.shape[0]):
        distances(columns, 0, columns.shape[1], points[number], block)
        best = 0
        for index in range(1, columns.shape[1]):
            if block[index] < block[best]:
                best = index
        index_of[number] = best
        away[number] = np.sqrt(block[best])


@compiled
def count_within(
    columns: np.ndarray, anchors: np.ndarray, radius: float, inside: np.ndarray, counts: np.ndarray
) -> None:
    """Count for each anchor (n x channels) the vectors nearer than the radius: all, and those that are `inside`."""
    limit = np.float32(radius * radius)
    block = np.empty(BLOCK, np.float32)
    for number in range(anchors.shape[0]):
        every = 0
        shared = 0
        for begin in range(0, columns.shape[1], BLOCK):
            end = min(begin + BLOCK, columns.shape[1])
            distances(columns, begin, end, anchors[number], block)
            for index in range(end - begin):
                if block[index] < limit:
                    every += 1
                    if inside[begin + index]:
                        shared += 1
        counts[number, 0] = every
        counts[number, 1] = shared
