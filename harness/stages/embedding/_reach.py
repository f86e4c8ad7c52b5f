"""Compiled loops of HDBSCAN over vectors that lie in cells (see `_kernels`): core distances, spanning tree, joining.

Importing this module imports numba.
"""

from __future__ import annotations

import numpy as np

from harness.compiling import compiled
from harness.stages.embedding._kernels import BLOCK, bounds, distances


@compiled
def push(heap: np.ndarray, value: np.float32) -> None:
    """Replace the greatest entry of a heap (greatest first) by a smaller value."""
    size = heap.size
    hole = 0
    while True:
        child = 2 * hole + 1
        if child >= size:
            break
        if child + 1 < size and heap[child + 1] > heap[child]:
            child += 1
        if heap[child] <= value:
            break
        heap[hole] = heap[child]
        hole = child
    heap[hole] = value


@compiled
def core_distances(
    columns: np.ndarray,
    rows: np.ndarray,
    ring: np.ndarray,
    starts: np.ndarray,
    centres: np.ndarray,
    own: np.ndarray,
    neighbours: int,
    low_point: int,
    high_point: int,
    core: np.ndarray,
) -> None:
    """Write the squared distance of some vectors to their n-th nearest other one; `own` is the cell of each."""
    block = np.empty(BLOCK, np.float32)
    heap = np.empty(neighbours + 1, np.float32)  # the vector itself is among its nearest
    cells = centres.shape[1]
    for number in range(low_point, high_point):
        point = rows[number]
        heap[:] = np.inf
        for turn in range(-1, cells):
            cell = own[number] if turn < 0 else turn
            if turn == own[number]:
                continue
            away = np.float32(0)
            for channel in range(centres.shape[0]):
                step = centres[channel, cell] - point[channel]
                away += step * step
            low, high = bounds(ring, starts[cell], starts[cell + 1], np.sqrt(away), np.sqrt(heap[0]))
            for begin in range(low, high, BLOCK):
                end = min(begin + BLOCK, high)
                distances(columns, begin, end, point, block)
                for index in range(end - begin):
                    if block[index] < heap[0]:
                        push(heap, block[index])
        core[number] = heap[0]


@compiled
def spanning_tree(columns: np.ndarray, core: np.ndarray, edges: np.ndarray) -> None:
    """Write the least spanning tree of mutual reachability: rows (from, to, squared distance), Prim's algorithm.

    `columns` and `core` are overwritten: what the tree has reached is replaced by what it has not.
    """
    channels, count = columns.shape
    names = np.arange(count)
    best = np.full(count, np.inf, np.float32)
    origin = np.zeros(count, np.int64)
    block = np.empty(BLOCK, np.float32)
    point = np.empty(channels, np.float32)
    left = count
    here = 0
    for edge in range(count - 1):
        name, reach = names[here], core[here]
        for channel in range(channels):
            point[channel] = columns[channel, here]
        left -= 1
        names[here], core[here], best[here], origin[here] = names[left], core[left], best[left], origin[left]
        for channel in range(channels):
            columns[channel, here] = columns[channel, left]
        here = 0
        for begin in range(0, left, BLOCK):
            end = min(begin + BLOCK, left)
            distances(columns, begin, end, point, block)
            for index in range(end - begin):
                other = begin + index
                mutual = max(block[index], max(reach, core[other]))
                if mutual < best[other]:
                    best[other] = mutual
                    origin[other] = name
                if best[other] < best[here]:
                    here = other
        edges[edge, 0] = origin[here]
        edges[edge, 1] = names[here]
        edges[edge, 2] = best[here]


@compiled
def join(
    columns: np.ndarray,
    ring: np.ndarray,
    starts: np.ndarray,
    centres: np.ndarray,
    labels: np.ndarray,
    reach: np.ndarray,
    neighbours: int,
    points: np.ndarray,
    near: np.ndarray,
    joined: np.ndarray,
) -> None:
    """Give each point (n x channels) the label of the cluster that it belongs to, 0 for none.

    The cluster is that of the nearest labelled vector; the point belongs to it if that vector and at least so many
    neighbours lie within the `reach` of the cluster, the distance at which the cluster would join another. `near` is
    the cell whose centre is nearest to each point: it is searched first.
    """
    block = np.empty(BLOCK, np.float32)
    cells = centres.shape[1]
    away = np.empty(cells, np.float32)
    for number in range(points.shape[0]):
        point = points[number]
        distances(centres, 0, cells, point, away)
        for cell in range(cells):
            away[cell] = np.sqrt(away[cell])
        best = np.float32(np.inf)
        label = 0
        for turn in range(-1, cells):
            cell = near[number] if turn < 0 else turn
            if turn == near[number]:
                continue
            low, high = bounds(ring, starts[cell], starts[cell + 1], away[cell], np.sqrt(best))
            for begin in range(low, high, BLOCK):
                end = min(begin + BLOCK, high)
                distances(columns, begin, end, point, block)
                for index in range(end - begin):
                    if block[index] < best and labels[begin + index] > 0:
                        best = block[index]
                        label = labels[begin + index]
        joined[number] = 0
        if label == 0 or best >= reach[label] * reach[label]:
            continue
        limit = np.float32(reach[label] * reach[label])
        count = 0
        for turn in range(-1, cells):
            cell = near[number] if turn < 0 else turn
            if turn == near[number]:
                continue
            low, high = bounds(ring, starts[cell], starts[cell + 1], away[cell], reach[label])
            for begin in range(low, high, BLOCK):
                end = min(begin + BLOCK, high)
                distances(columns, begin, end, point, block)
                for index in range(end - begin):
                    if block[index] < limit:
                        count += 1
                if count >= neighbours:
                    break
            if count >= neighbours:
                joined[number] = label
                break
