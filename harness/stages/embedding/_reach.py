"""Compiled searches of HDBSCAN over vectors that lie in cells (see `_kernels`): core distances, nearest of other parts.

All distances of loops are squared. Importing this module imports numba.
"""

from __future__ import annotations

import numpy as np

from harness.compiling import compiled
from harness.stages.embedding._kernels import BLOCK, bounds, distances

CHUNK = 64
"""Distances that are compared with a limit at once."""
MIDDLE = 128
"""Vectors of the own cell on either side of a vector's ring that are looked at first: they are likely to be near."""


@compiled
def sink(keys: np.ndarray, names: np.ndarray, size: int, key: np.float32, name: int) -> None:
    """Replace the first entry of a heap (greatest key first) of so many entries by another one."""
    hole = 0
    while True:
        child = 2 * hole + 1
        if child >= size:
            break
        if child + 1 < size and keys[child + 1] > keys[child]:
            child += 1
        if keys[child] <= key:
            break
        keys[hole] = keys[child]
        names[hole] = names[child]
        hole = child
    keys[hole] = key
    names[hole] = name


@compiled
def rise(keys: np.ndarray, names: np.ndarray, size: int, key: np.float32, name: int) -> None:
    """Add an entry to a heap (greatest key first) of so many entries."""
    hole = size
    while hole > 0:
        parent = (hole - 1) // 2
        if keys[parent] >= key:
            break
        keys[hole] = keys[parent]
        names[hole] = names[parent]
        hole = parent
    keys[hole] = key
    names[hole] = name


@compiled
def any_below(values: np.ndarray, limit: np.float32) -> bool:
    """Return whether one of the values is below a limit; a slice of its own, so that it is one vector instruction."""
    below = 0
    for index in range(values.size):
        below += values[index] < limit
    return below > 0


@compiled
def gather(
    columns: np.ndarray,
    weights: np.ndarray,
    low: int,
    high: int,
    point: np.ndarray,
    itself: int,
    enough: int,
    least: int,
    keys: np.ndarray,
    names: np.ndarray,
    size: int,
    total: int,
    block: np.ndarray,
) -> tuple[int, int]:
    """Keep in a heap the nearest of the vectors low … high - 1 that weigh enough and are not too few.

    Returns the size and the weight of the heap.
    """
    for begin in range(low, high, BLOCK):
        end = min(begin + BLOCK, high)
        distances(columns, begin, end, point, block)
        for first in range(0, end - begin, CHUNK):
            last = min(first + CHUNK, end - begin)
            limit = keys[0] if total >= enough and size >= least else np.float32(np.inf)
            if not any_below(block[first:last], limit):
                continue
            for index in range(first, last):
                if begin + index == itself or block[index] >= limit:
                    continue
                rise(keys, names, size, block[index], begin + index)
                size += 1
                total += weights[begin + index]
                while total - weights[names[0]] >= enough and size > least:
                    total -= weights[names[0]]
                    size -= 1
                    sink(keys, names, size, keys[size], names[size])
                if total >= enough and size >= least:
                    limit = keys[0]
    return size, total


@compiled
def core_distances(
    hub_columns: np.ndarray,
    hub_ring: np.ndarray,
    hub_starts: np.ndarray,
    hub_index: np.ndarray,
    weights: np.ndarray,
    hub_of: np.ndarray,
    rows: np.ndarray,
    ring: np.ndarray,
    own: np.ndarray,
    centres: np.ndarray,
    neighbours: int,
    least: int,
    points: np.ndarray,
    core: np.ndarray,
    near: np.ndarray,
) -> None:
    """Write the squared distance of some vectors to their n-th nearest other one, and the hubs within it in order.

    Distances are those to hubs, each of which counts for as many vectors as it weighs; at least `least` hubs are
    written, the further ones beyond that distance. `hub_of` is the number of a vector among the hubs or -1, `hub_index`
    the way back, `near` is filled up with -1.
    """
    block = np.empty(BLOCK, np.float32)
    most = max(neighbours, least)
    keys = np.empty(most + 2, np.float32)
    names = np.empty(most + 2, np.int64)
    cells = centres.shape[1]
    for number in points:
        point = rows[number]
        itself = hub_of[number]
        cell = own[number]
        first, last = hub_starts[cell], hub_starts[cell + 1]
        place = first + int(np.searchsorted(hub_ring[first:last], ring[number]))
        before, after = max(first, place - MIDDLE), min(last, place + MIDDLE)
        size, total = gather(
            hub_columns, weights, before, after, point, itself, neighbours, least, keys, names, 0, 0, block
        )  # fmt: skip
        for turn in range(-1, cells):
            cell = own[number] if turn < 0 else turn
            if turn == own[number]:
                continue
            away = np.float32(0)
            for channel in range(centres.shape[0]):
                step = centres[channel, cell] - point[channel]
                away += step * step
            radius = np.sqrt(keys[0]) if total >= neighbours and size >= least else np.float32(np.inf)
            low, high = bounds(hub_ring, hub_starts[cell], hub_starts[cell + 1], np.sqrt(away), float(radius))
            if turn >= 0:
                size, total = gather(
                    hub_columns, weights, low, high, point, itself, neighbours, least, keys, names, size, total, block
                )  # fmt: skip
                continue
            size, total = gather(
                hub_columns, weights, low, before, point, itself, neighbours, least, keys, names, size, total, block
            )  # fmt: skip
            size, total = gather(
                hub_columns, weights, after, high, point, itself, neighbours, least, keys, names, size, total, block
            )  # fmt: skip
        near[number, size:] = -1
        for left in range(size - 1, -1, -1):
            nearest, key = names[0], keys[0]
            near[number, left] = hub_index[nearest]
            total -= weights[nearest]
            if left == size - 1 or total + weights[nearest] >= neighbours:
                core[number] = key
            sink(keys, names, left, keys[left], names[left])
        if size == 0:
            core[number] = 0


@compiled
def nearest_foreign(
    columns: np.ndarray,
    core: np.ndarray,
    ring: np.ndarray,
    centres: np.ndarray,
    segments: np.ndarray,
    starts: np.ndarray,
    parts: np.ndarray,
    group: np.ndarray,
    points: np.ndarray,
    limit: np.float32,
    length: np.ndarray,
    other: np.ndarray,
    known: np.ndarray,
) -> None:
    """Search for the shortest edge of mutual reachability from some vectors of one group to a vector of another group.

    Vectors lie in segments, one for each part of each cell: `segments` says where those of a cell begin, `starts` where
    a segment's vectors begin, `parts` whose they are and `group` to which group a part belongs. Edges shorter than
    `limit`, and shorter than those found before, are written to `length` and `other`. `known` gets below which length
    there is no edge from a vector but the one written.
    """
    block = np.empty(BLOCK, np.float32)
    point = np.empty(columns.shape[0], np.float32)
    for number in points:
        own = group[parts[number]]
        reach = core[number]
        if reach < limit:
            for channel in range(columns.shape[0]):
                point[channel] = columns[channel, number]
            for cell in range(centres.shape[1]):
                away = np.float32(-1)
                for segment in range(segments[cell], segments[cell + 1]):
                    if group[parts[starts[segment]]] == own:
                        continue
                    if away < 0:
                        away = np.float32(0)
                        for channel in range(centres.shape[0]):
                            step = centres[channel, cell] - point[channel]
                            away += step * step
                        away = np.sqrt(away)
                    low, high = bounds(ring, starts[segment], starts[segment + 1], float(away), float(np.sqrt(limit)))
                    for begin in range(low, high, BLOCK):
                        end = min(begin + BLOCK, high)
                        distances(columns, begin, end, point, block)
                        if not any_below(block[: end - begin], limit):
                            continue
                        for index in range(end - begin):
                            if block[index] < limit:
                                mutual = max(block[index], max(reach, core[begin + index]))
                                if mutual < limit:
                                    limit = mutual
                                    length[number] = mutual
                                    other[number] = begin + index
        known[number] = limit
