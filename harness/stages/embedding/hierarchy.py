"""HDBSCAN of part of the vectors, and how the others join its clusters.

The core distance of a vector estimates density from the distance to its k-th neighbour: among every n-th vector that is
the (k / n)-th. So the hierarchy of a thinned image, with neighbours and least cluster size thinned likewise, is an
estimate of that of all of it. A vector left out belongs to a cluster if it would have joined it before the cluster
joins another: if it is that near to a member, in terms of mutual reachability. Where nothing is thinned the result is
the library's, but for ties.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.stages.embedding.cells import Cells, in_parts, nearest_of, sorted_into_cells

_CELL_RADIUS = 0.5
"""Between centres of cells, in standard deviations of all vectors together: small beside the image, large beside one
cluster. It decides about time alone."""


@dataclass(frozen=True, slots=True)
class Thinned:
    """What is asked of the thinned vectors: least cluster size, neighbours of the core distance, epsilon."""

    min_cluster_size: int
    neighbours: int
    epsilon: float


def thinned(count: int, most: int, rng: np.random.Generator) -> np.ndarray:
    """Return which of so many vectors (int64, ascending) are looked at: all, or one at random of each equal stretch."""
    if count <= most:
        return np.arange(count)
    edges = np.linspace(0, count, most + 1).astype(np.int64)
    chosen: np.ndarray = edges[:-1] + (rng.random(most) * np.diff(edges)).astype(np.int64)
    return chosen


def clusters(vectors: np.ndarray, chosen: np.ndarray, how: Thinned, threads: int) -> np.ndarray:
    """Return the cluster of each vector (float32, n x channels) as int64, 0 for none; `chosen` ones make the clusters.

    `how` is meant for the chosen ones. Raises nothing for constant vectors: they make no cluster, as in the library.
    """
    few = vectors[chosen]
    cells = sorted_into_cells(few, _radius(few), threads)
    core = _core_distances(cells, how.neighbours, threads)
    tree = _tree(cells, core)
    sorted_labels = _labels(tree, how)
    labels = np.zeros(len(vectors), dtype=np.int64)
    labels[chosen[cells.order]] = sorted_labels
    if len(chosen) < len(vectors) and sorted_labels.any():
        left = np.ones(len(vectors), dtype=bool)
        left[chosen] = False
        labels[left] = _joined(
            cells, sorted_labels, _reaches(tree, sorted_labels), how.neighbours, vectors[left], threads
        )
    return labels


def _radius(vectors: np.ndarray) -> float:
    spread = float(np.sqrt(vectors.var(axis=0, dtype=np.float64).sum()))
    return _CELL_RADIUS * spread


def _core_distances(cells: Cells, neighbours: int, threads: int) -> np.ndarray:
    """Return the squared distance of each vector to its n-th nearest other one (float32), at most the last there is."""
    from harness.stages.embedding import _reach

    core = np.empty(len(cells.rows), dtype=np.float32)
    nth = min(neighbours, len(core) - 1)

    def task(part: slice) -> None:
        _reach.core_distances(
            cells.columns, cells.rows, cells.ring, cells.starts, cells.centres, cells.own, nth, part.start, part.stop,
            core,
        )  # fmt: skip

    in_parts(task, len(core), threads, 256)
    return core


def _tree(cells: Cells, core: np.ndarray) -> np.ndarray:
    """Return the edges (float64: from, to, distance) of the least spanning tree of mutual reachability, ascending."""
    from harness.stages.embedding import _reach

    edges = np.empty((len(core) - 1, 3), dtype=np.float64)
    _reach.spanning_tree(cells.columns.copy(), core.copy(), edges)
    edges[:, 2] = np.sqrt(edges[:, 2])
    ordered: np.ndarray = edges[np.argsort(edges[:, 2], kind="stable")]
    return ordered


def _labels(tree: np.ndarray, how: Thinned) -> np.ndarray:
    """Return the flat clusters of a spanning tree (int64, 0 for none), chosen by excess of mass as the library does."""
    from hdbscan._hdbscan_linkage import label
    from hdbscan.hdbscan_ import _tree_to_labels

    found = _tree_to_labels(
        None,
        label(tree),
        how.min_cluster_size,
        "eom",
        cluster_selection_epsilon=how.epsilon,
    )[0]
    return np.asarray(found, dtype=np.int64) + 1


def _reaches(tree: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return by cluster the distance (float32) at which it joins something else: that of its shortest edge outwards."""
    reach = np.full(int(labels.max()) + 1, np.inf)
    ends = labels[tree[:, :2].astype(np.int64)]
    outward = ends[:, 0] != ends[:, 1]
    for side in (0, 1):
        np.minimum.at(reach, ends[outward, side], tree[outward, 2])
    return reach.astype(np.float32)


def _joined(
    cells: Cells, labels: np.ndarray, reach: np.ndarray, neighbours: int, vectors: np.ndarray, threads: int
) -> np.ndarray:
    """Return the cluster that each further vector belongs to (int64, 0 for none)."""
    from harness.stages.embedding import _reach

    near = nearest_of(vectors, cells.centres.T, threads)[0]
    joined = np.empty(len(vectors), dtype=np.int64)

    def task(part: slice) -> None:
        _reach.join(
            cells.columns, cells.ring, cells.starts, cells.centres, labels, reach, neighbours, vectors[part],
            near[part], joined[part],
        )  # fmt: skip

    in_parts(task, len(vectors), threads)
    return joined
