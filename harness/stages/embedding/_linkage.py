"""Compiled loops of HDBSCAN over edges: which vectors join by density, the tree of merges, its condensed form.

Importing this module imports numba.
"""

from __future__ import annotations

import numpy as np

from harness.compiling import compiled


@compiled
def root_of(parent: np.ndarray, node: int) -> int:
    """Return the root of a node; paths are halved on the way."""
    while parent[node] != node:
        parent[node] = parent[parent[node]]
        node = parent[node]
    return node


@compiled
def unite(parent: np.ndarray, size: np.ndarray, one: int, other: int) -> None:
    """Hang the smaller of two roots below the larger."""
    if size[one] < size[other]:
        one, other = other, one
    parent[other] = one
    size[one] += size[other]


@compiled
def join_by_density(
    order: np.ndarray,
    core: np.ndarray,
    near: np.ndarray,
    edges: np.ndarray,
    lengths: np.ndarray,
    sure: np.ndarray,
) -> int:
    """Write the least spanning forest of edges between neighbours, ascending, and return how many edges it has.

    Vectors come by falling density (`order`, ascending in `core`); each joins those of its neighbours that came before
    it, at its core distance, which is the length of the edge since both lie within it. One that joins nobody waits for
    the densest of its neighbours. `sure` edges join a vector that was alone: it has no shorter edge.
    """
    count = len(order)
    parent = np.arange(count)
    size = np.ones(count, np.int64)
    came = np.zeros(count, np.bool_)
    waiting = np.full(count, -1, np.int64)
    following = np.full(count, -1, np.int64)
    made = 0
    for turn in range(count):
        here = order[turn]
        came[here] = True
        alone = True
        densest = -1
        for place in range(near.shape[1]):
            other = near[here, place]
            if other < 0:
                break
            if not came[other]:
                if densest < 0 or core[other] < core[densest]:
                    densest = other
                continue
            mine, its = root_of(parent, here), root_of(parent, other)
            if mine != its:
                unite(parent, size, mine, its)
                edges[made, 0], edges[made, 1] = here, other
                lengths[made], sure[made] = core[here], alone
                made += 1
                alone = False
        if alone and densest >= 0:
            following[here] = waiting[densest]
            waiting[densest] = here
        other = waiting[here]
        while other >= 0:
            mine, its = root_of(parent, here), root_of(parent, other)
            if mine != its:
                edges[made, 0], edges[made, 1] = other, here
                lengths[made], sure[made] = core[here], size[its] == 1
                unite(parent, size, mine, its)
                made += 1
            other = following[other]
    return made


@compiled
def merge(edges: np.ndarray, children: np.ndarray, sizes: np.ndarray) -> None:
    """Write the tree of merges of a spanning tree's edges (ascending).

    Node n + i is what edge i makes of the two nodes `children[i]`; `sizes` counts the vectors of each node.
    """
    count = len(edges) + 1
    parent = np.arange(count)
    size = np.ones(count, np.int64)
    node = np.arange(count)
    sizes[:count] = 1
    for edge in range(count - 1):
        one, other = root_of(parent, edges[edge, 0]), root_of(parent, edges[edge, 1])
        children[edge, 0], children[edge, 1] = node[one], node[other]
        sizes[count + edge] = size[one] + size[other]
        unite(parent, size, one, other)
        node[root_of(parent, one)] = count + edge


@compiled
def condense(
    children: np.ndarray,
    sizes: np.ndarray,
    density: np.ndarray,
    least: int,
    parents: np.ndarray,
    births: np.ndarray,
    stabilities: np.ndarray,
    left: np.ndarray,
) -> int:
    """Write the condensed tree and return how many clusters it has; cluster 0 is everything.

    A cluster ends where it parts into two of at least `least` vectors; what is smaller leaves it. `density` is one over
    the length of each edge. `stabilities` sums over the vectors of a cluster how much denser it gets until they leave,
    `left` is the cluster that each vector left.
    """
    count = len(children) + 1
    cluster = np.zeros(2 * count - 1, np.int64)
    fallen = np.zeros(2 * count - 1, np.bool_)
    parents[0], births[0], stabilities[0] = -1, 0.0, 0.0
    made = 1
    for node in range(2 * count - 2, count - 1, -1):
        edge = node - count
        one, other = children[edge, 0], children[edge, 1]
        own = cluster[node]
        cluster[one], cluster[other] = own, own
        fallen[one], fallen[other] = fallen[node], fallen[node]
        if fallen[node]:
            continue
        excess = density[edge] - births[own]
        fallen[one], fallen[other] = sizes[one] < least, sizes[other] < least
        if not fallen[one] and not fallen[other]:
            stabilities[own] += excess * sizes[node]
            for child in (one, other):
                parents[made], births[made], stabilities[made] = own, density[edge], 0.0
                cluster[child] = made
                made += 1
            continue
        for child in (one, other):
            if fallen[child]:
                stabilities[own] += excess * sizes[child]
    left[:] = cluster[:count]
    return made
