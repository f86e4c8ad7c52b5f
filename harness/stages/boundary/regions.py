"""Superpixels as a graph: contacts with their boundary evidence, projection back to voxels, small regions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from harness.errors import DataError
from harness.model import Volume
from harness.stages.arrays import channel_of, compact, labels_on, require_same_grid

EdgeWeights = Literal["one-sided", "mean"]
"""How a contact's boundary probability is measured."""


@dataclass(frozen=True, slots=True, eq=False)
class RegionGraph:
    """Superpixels and their contacts.

    superpixels  uint32 (Z)YX, ids 1 … n; 0 is masked, belongs to no region and stays 0
    boundary_map float32 (Z)YX in [0, 1]
    pairs        uint64 (E, 2), u < v, sorted; node 0 exists and has no contact
    boundary     float64 (E,), boundary probability of each contact
    sizes        float64 (E,), voxel faces of each contact
    """

    superpixels: np.ndarray
    boundary_map: np.ndarray
    pairs: np.ndarray
    boundary: np.ndarray
    sizes: np.ndarray

    @property
    def nodes(self) -> int:
        """Number of nodes, the masked node 0 included."""
        return int(self.superpixels.max()) + 1

    def library_graph(self) -> Any:
        """Return the contacts as a bioimage-cpp graph whose edges have the order of `pairs`."""
        import bioimage_cpp as bic

        return bic.graph.UndirectedGraph.from_unique_edges(self.nodes, self.pairs)

    def project(self, node_labels: np.ndarray) -> np.ndarray:
        """Return the regions (uint32, ids 1 … n, 0 masked) that a clustering of the nodes makes."""
        table = compact(node_labels[1:].astype(np.int64) + 1)
        labels: np.ndarray = np.concatenate([np.zeros(1, dtype=np.uint32), table])[self.superpixels]
        return labels


def region_graph(inputs: Mapping[str, Volume], edge_weights: EdgeWeights, threads: int, where: str) -> RegionGraph:
    """Return the graph of the slots "superpixels" and "probability" (channel "boundary").

    Contacts are the faces between voxels (6 neighbours in 3D, 4 in 2D). `edge_weights` "mean" averages the map over
    the two voxels of every face; "one-sided" takes the voxel of lower index alone, which is what affinities made by
    stacking 1 - map once per axis amount to.
    """
    import bioimage_cpp as bic

    require_same_grid(inputs, where)
    boundary_map = probability_of(inputs["probability"], "boundary", where)
    superpixels = compact(inputs["superpixels"].array)
    rag = bic.graph.region_adjacency_graph(superpixels, number_of_threads=threads)
    pairs = np.asarray(rag.uv_ids(), dtype=np.uint64).reshape(-1, 2)
    if edge_weights == "mean":
        features = bic.graph.features.edge_map_features(rag, superpixels, boundary_map, number_of_threads=threads)
        boundary, sizes = features[:, 0], features[:, 1]
    else:
        boundary, sizes = _one_sided(rag, superpixels, boundary_map, threads)
    inner = pairs[:, 0] > 0
    return RegionGraph(superpixels, boundary_map, pairs[inner], boundary[inner], sizes[inner])


def _one_sided(
    rag: Any, superpixels: np.ndarray, boundary_map: np.ndarray, threads: int
) -> tuple[np.ndarray, np.ndarray]:
    """Accumulate one axis at a time: a third of the memory of stacked affinities, the same means."""
    import bioimage_cpp as bic

    total = np.zeros(rag.number_of_edges)
    sizes = np.zeros(rag.number_of_edges)
    for axis in range(superpixels.ndim):
        offset = [int(axis == other) for other in range(superpixels.ndim)]
        means, counts = bic.graph.features.affinity_features(
            rag, superpixels, boundary_map[np.newaxis], [offset], number_of_threads=threads
        ).T
        total += means * counts
        sizes += counts
    return total / np.maximum(sizes, 1), sizes


def probability_of(volume: Volume, channel: str, where: str) -> np.ndarray:
    """Return one channel (float32, (Z)YX); raises `DataError` for values that are not finite or outside [0, 1]."""
    array = channel_of(volume, channel, where)
    low, high = float(array.min()), float(array.max())
    if low < 0 or high > 1:
        raise DataError(f"{where}: channel '{channel}' has values from {low:g} to {high:g}; accepted: [0, 1]")
    return np.ascontiguousarray(array)


def finished(graph: RegionGraph, node_labels: np.ndarray, post_minsize: int, like: Volume) -> Volume:
    """Return the clustering as labels on the grid of `like`, small regions regrown over the boundary map."""
    return labels_on(regrow_small(graph.project(node_labels), graph.boundary_map, post_minsize), like)


def regrow_small(labels: np.ndarray, height: np.ndarray, minimum: int) -> np.ndarray:
    """Remove regions below `minimum` voxels and let the others flood their place, lowest `height` first.

    Labels are uint32 (Z)YX; the result has ids 1 … n. Zeros are masked and stay; a removed region that touches
    masked voxels only becomes 0. The largest region (the lowest id of equal ones) is always kept, so a volume
    smaller than `minimum` does not lose its partition.
    """
    import bioimage_cpp as bic

    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    small = (sizes > 0) & (sizes < minimum)
    small[np.argmax(sizes)] = False
    if not small.any():
        return compact(labels)
    kept = np.where(small, 0, np.arange(len(sizes))).astype(np.uint32)
    flooded = bic.segmentation.watershed(height.astype(np.float32, copy=False), kept[labels], mask=labels > 0)
    return compact(flooded)
