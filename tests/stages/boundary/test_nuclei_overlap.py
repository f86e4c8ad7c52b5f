from __future__ import annotations

import numpy as np
import pytest

from harness.stages.boundary.nuclei_overlap import lifted_edges, nucleus_of_nodes
from harness.stages.boundary.regions import region_graph
from tests.stages.chains import labels, probability

pytest.importorskip("bioimage_cpp", reason="bioimage-cpp is not installed")

ROW = np.array([[1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 0, 0]], dtype=np.uint32)
GRAPH = region_graph({"superpixels": labels(ROW), "probability": probability(np.zeros(ROW.shape))}, "mean", 1, "here")


def test_the_nucleus_that_covers_most_wins() -> None:
    nuclei = np.array([[9, 9, 9, 0, 0, 0, 0, 9, 5, 9, 9, 5, 5, 5]], dtype=np.uint64)
    assert nucleus_of_nodes(GRAPH, nuclei, 0.2).tolist() == [0, 2, 0, 1]
    assert nucleus_of_nodes(GRAPH, nuclei, 0.6).tolist() == [0, 2, 0, 0]


def test_more_voxels_than_sixteen_bits_hold() -> None:
    wide = np.repeat(np.array([[1, 2]], dtype=np.uint32), 70_000, axis=0)
    graph = region_graph(
        {"superpixels": labels(wide), "probability": probability(np.zeros(wide.shape))}, "mean", 1, "x"
    )
    assert nucleus_of_nodes(graph, np.where(wide == 2, 7, 3), 0.9).tolist() == [0, 1, 2]


def test_far_edges_join_and_separate() -> None:
    pairs, costs = lifted_edges(GRAPH, np.array([0, 4, 0, 4], dtype=np.uint64), depth=4, strength=2.5)
    assert (pairs.tolist(), costs.tolist()) == ([[1, 3]], [2.5])
    pairs, costs = lifted_edges(GRAPH, np.array([0, 4, 4, 5], dtype=np.uint64), depth=4, strength=2.5)
    assert (pairs.tolist(), costs.tolist()) == ([[1, 3]], [-2.5])
    pairs, costs = lifted_edges(GRAPH, np.zeros(4, dtype=np.uint64), depth=4, strength=2.5)
    assert (pairs.shape, costs.shape) == ((0, 2), (0,))
