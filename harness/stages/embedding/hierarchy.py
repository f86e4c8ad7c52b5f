"""HDBSCAN of all vectors of an image, with work saved where vectors are crowded.

Core distances, the least spanning tree of mutual reachability and the choice of clusters are those of the library, with
two savings. In crowded cells every n-th vector counts for n when neighbours are counted (`hubs`), which blurs densities
there by some per cent. And gaps below epsilon are not looked for, since what parts at less stays one cluster. Where no
cell is crowded and epsilon is 0 the result is the library's, but for ties: mutual reachability has many, and which of
equal edges is taken first decides about clusters of just the least size.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.stages.embedding.cells import Cells, in_parts, sorted_into_cells
from harness.stages.embedding.hubs import Crowds, Hubs, crowds_of
from harness.stages.embedding.spanning import Edges, spanning_tree

_CELL_RADIUS = 0.5
"""Between centres of cells, in standard deviations of all vectors together: small beside the image, large beside one
cluster. It decides about time alone."""
_POINTS_PER_TASK = 512
_LEAST_LISTED = 6
"""Neighbours that a crowded vector knows, if need be beyond its core distance: fewer do not hold a crowd together."""
_SHORTEST = 1e-12
"""Lengths are at least this: equal vectors have a density, however large."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked of the clusters: least size, neighbours of the core distance, epsilon; and of the work, how many
    vectors of one cell are looked at."""

    min_cluster_size: int
    neighbours: int
    epsilon: float
    candidates: int


def clusters(vectors: np.ndarray, wanted: Wanted, threads: int, device: str = "cpu") -> np.ndarray:
    """Return the cluster of each vector (float32, n x channels) as int64 from 1, 0 for none.

    On another device than the CPU core distances are those of all vectors, whether they are crowded or not.
    Raises nothing for constant vectors: they make no cluster, as in the library.
    """
    cells = sorted_into_cells(vectors, _radius(vectors), threads)
    neighbours = min(wanted.neighbours, len(vectors) - 1)
    if device == "cpu":
        crowds = crowds_of(cells, wanted.candidates, neighbours)
        core, near = _core_distances(cells, crowds, neighbours, threads)
        crowded = crowds.inner
    else:
        from harness.stages.embedding import _on_gpu

        core, near = _on_gpu.nearest_neighbours(cells.rows, neighbours, device)
        crowded = np.zeros(len(core), dtype=bool)
    tree = spanning_tree(cells, core, near, crowded, wanted.epsilon, threads)
    labels = np.empty(len(vectors), dtype=np.int64)
    labels[cells.order] = _flat_clusters(tree, wanted)
    return labels


def chosen_clusters(parents: np.ndarray, births: np.ndarray, stabilities: np.ndarray, epsilon: float) -> np.ndarray:
    """Return which clusters of a condensed tree are chosen (bool), by excess of mass and epsilon.

    `parents` names a cluster of a smaller number for each one, and none for the first, which is everything and never
    chosen. A chosen cluster that parted from its sibling at less than `epsilon` gives way to the nearest ancestor that
    did not. Campello et al. 2013, doi:10.1007/978-3-642-37456-2_14; Malzer & Baum 2020,
    doi:10.1109/MFI49285.2020.9235263.
    """
    count = len(parents)
    stable = np.ones(count, dtype=bool)
    below = np.zeros(count)
    for cluster in range(count - 1, 0, -1):
        stable[cluster] = below[cluster] <= stabilities[cluster]
        below[parents[cluster]] += stabilities[cluster] if stable[cluster] else below[cluster]
    chosen = np.zeros(count, dtype=bool)
    covered = np.zeros(count, dtype=bool)
    for cluster in range(1, count):
        over = parents[cluster]
        covered[cluster] = covered[over] or (over > 0 and stable[over])
        if stable[cluster] and not covered[cluster]:
            chosen[_lifted(cluster, parents, births, epsilon)] = True
    return chosen


def _lifted(cluster: int, parents: np.ndarray, births: np.ndarray, epsilon: float) -> int:
    if 1 / births[cluster] >= epsilon:
        return cluster
    while parents[cluster] > 0:
        cluster = int(parents[cluster])
        if 1 / births[cluster] > epsilon:
            break
    return cluster


def _radius(vectors: np.ndarray) -> float:
    spread = float(np.sqrt(vectors.var(axis=0, dtype=np.float64).sum()))
    return _CELL_RADIUS * spread


def _core_distances(cells: Cells, crowds: Crowds, neighbours: int, threads: int) -> tuple[np.ndarray, np.ndarray]:
    """Return squared core distances (float32, n) and neighbours within them (int32, n x most, -1 at the end)."""
    core = np.empty(len(cells.rows), dtype=np.float32)
    near = np.full((len(core), max(neighbours, _LEAST_LISTED)), -1, dtype=np.int32)
    for hubs, points, least in (
        (crowds.few, np.flatnonzero(crowds.inner), _LEAST_LISTED),
        (crowds.many, np.flatnonzero(~crowds.inner), 0),
    ):
        _measure(cells, hubs, neighbours, least, points, core, near, threads)
    return core, near


def _measure(
    cells: Cells, hubs: Hubs, neighbours: int, least: int, points: np.ndarray, core: np.ndarray, near: np.ndarray,
    threads: int,
) -> None:  # fmt: skip
    from harness.stages.embedding import _reach

    columns = np.ascontiguousarray(cells.columns[:, hubs.index])
    ring = cells.ring[hubs.index]

    def task(part: slice) -> None:
        _reach.core_distances(
            columns, ring, hubs.starts, hubs.index, hubs.weights, hubs.of, cells.rows, cells.ring, cells.own,
            cells.centres, neighbours, least, points[part], core, near,
        )  # fmt: skip

    in_parts(task, len(points), threads, _POINTS_PER_TASK)


def _flat_clusters(tree: Edges, wanted: Wanted) -> np.ndarray:
    """Return the cluster of each vector of a spanning tree (int64 from 1, 0 for none)."""
    from harness.stages.embedding import _linkage

    edges = len(tree.ends)
    children = np.empty((edges, 2), dtype=np.int64)
    sizes = np.empty(2 * edges + 1, dtype=np.int64)
    _linkage.merge(tree.ends, children, sizes)
    density = 1 / np.maximum(np.sqrt(tree.lengths.astype(np.float64)), _SHORTEST)
    most = 2 * ((edges + 1) // wanted.min_cluster_size) + 1
    parents = np.empty(most, dtype=np.int64)
    births, stabilities = np.empty(most), np.empty(most)
    left = np.empty(edges + 1, dtype=np.int64)
    made = _linkage.condense(
        children, sizes, density, wanted.min_cluster_size, parents, births, stabilities, left
    )  # fmt: skip
    chosen = chosen_clusters(parents[:made], births[:made], stabilities[:made], wanted.epsilon)
    names = np.zeros(made, dtype=np.int64)
    for cluster in range(1, made):
        names[cluster] = cluster if chosen[cluster] else names[parents[cluster]]
    named: np.ndarray = names[left]
    return named
