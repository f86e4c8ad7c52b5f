"""Small graphs for the partitionings, and their exact or naive solutions."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from harness.stages.boundary.regions import RegionGraph


def random_graph(seed: int, nodes: int, density: float = 0.6) -> RegionGraph:
    """Return a random graph with nodes 1 … n, random boundary probabilities and contact sizes; no image behind it."""
    rng = np.random.default_rng(seed)
    pairs = [(u, v) for u in range(1, nodes + 1) for v in range(u + 1, nodes + 1) if rng.random() < density]
    superpixels = np.arange(1, nodes + 1, dtype=np.uint32)[np.newaxis]
    return RegionGraph(
        superpixels=superpixels,
        boundary_map=np.zeros(superpixels.shape, dtype=np.float32),
        pairs=np.array(pairs, dtype=np.uint64).reshape(-1, 2),
        boundary=rng.random(len(pairs)),
        sizes=rng.integers(1, 50, len(pairs)).astype(np.float64),
    )


def partitions(count: int) -> Iterator[np.ndarray]:
    """Yield every partition of `count` items as restricted growth strings."""

    def grow(prefix: list[int]) -> Iterator[np.ndarray]:
        if len(prefix) == count:
            yield np.array(prefix)
            return
        for value in range(max(prefix, default=-1) + 2):
            yield from grow([*prefix, value])

    yield from grow([])


def cut_cost(labels: np.ndarray, pairs: np.ndarray, costs: np.ndarray) -> float:
    """Return the cost of the cut pairs; `labels` has an entry per node, the first for node 0."""
    ends = labels[pairs.astype(np.int64)]
    return float(costs[ends[:, 0] != ends[:, 1]].sum())


def least_cost(nodes: int, pairs: np.ndarray, costs: np.ndarray) -> float:
    """Return the least cost over all partitions of nodes 1 … n."""
    return min(cut_cost(np.concatenate([[-1], labels]), pairs, costs) for labels in partitions(nodes))


def greedy_mean_linkage(graph: RegionGraph, beta: float) -> np.ndarray:
    """Merge the pair of clusters with the largest size-weighted mean weight until none is positive."""
    cluster = np.arange(graph.nodes)
    weights = 1 - graph.boundary - beta
    while True:
        sums: dict[tuple[int, int], list[float]] = {}
        for (u, v), weight, size in zip(graph.pairs.astype(int), weights, graph.sizes, strict=True):
            key = tuple(sorted((int(cluster[u]), int(cluster[v]))))
            if key[0] != key[1]:
                total = sums.setdefault((key[0], key[1]), [0.0, 0.0])
                total[0] += weight * size
                total[1] += size
        best = max(sums, key=lambda key: sums[key][0] / sums[key][1], default=None)
        if best is None or sums[best][0] <= 0:
            return cluster
        cluster[cluster == best[1]] = best[0]
