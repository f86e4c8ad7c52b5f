"""Which nucleus each superpixel belongs to, and the far edges that follow from it."""

from __future__ import annotations

import numpy as np

from harness.stages.arrays import compact
from harness.stages.boundary.regions import RegionGraph


def nucleus_of_nodes(graph: RegionGraph, nuclei: np.ndarray, threshold: float) -> np.ndarray:
    """Return the nucleus (uint64, 0 = none) that covers most of each superpixel.

    Background competes: a superpixel mostly outside nuclei has none. The nucleus must cover at least the share
    `threshold` of the superpixel; ties go to the lower id. Node 0 (masked) has none.
    """
    from scipy.sparse import coo_matrix

    rows, columns = graph.superpixels.ravel(), compact(nuclei).ravel()
    counts = coo_matrix(
        (np.ones(rows.size, dtype=np.int64), (rows, columns)), shape=(graph.nodes, int(columns.max()) + 1)
    )
    counts = counts.tocsr().tocoo()
    order = np.lexsort((counts.col, -counts.data, counts.row))
    nodes, first = np.unique(counts.row[order], return_index=True)
    best = order[first]
    sizes = np.bincount(rows, minlength=graph.nodes)
    nucleus = np.zeros(graph.nodes, dtype=np.uint64)
    nucleus[nodes] = np.where(counts.data[best] >= threshold * sizes[nodes], counts.col[best], 0)
    nucleus[0] = 0
    return nucleus


def lifted_edges(
    graph: RegionGraph, nucleus: np.ndarray, *, depth: int, strength: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return pairs of nodes (uint64 (L, 2)) from 2 to `depth` contacts apart that both have a nucleus, and their costs.

    +strength joins two superpixels of the same nucleus, -strength separates those of different nuclei.
    """
    import bioimage_cpp as bic

    pairs = np.asarray(
        bic.graph.lifted_multicut.lifted_edges_from_node_labels(
            graph.library_graph(), nucleus, graph_depth=depth, ignore_label=0, number_of_threads=1
        )
    )
    same = nucleus[pairs[:, 0]] == nucleus[pairs[:, 1]]
    return pairs, np.where(same, strength, -strength)
