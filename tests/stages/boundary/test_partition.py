from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from harness.model import Volume
from harness.stages.boundary.partition import GraphPartition
from harness.stages.boundary.regions import RegionGraph
from tests.stages.boundary.graphs import random_graph
from tests.stages.chains import labels, labels_of, make, probability

pytest.importorskip("bioimage_cpp", reason="bioimage-cpp is not installed")


class Signs(GraphPartition):
    id = "signs"
    title = "Cut every contact that repels"

    def solve(self, graph: RegionGraph, costs: np.ndarray, inputs: Mapping[str, Volume]) -> np.ndarray:
        nodes = np.arange(graph.nodes)
        for u, v in graph.pairs[costs > 0].astype(int):
            nodes[nodes == nodes[v]] = nodes[u]
        return nodes


def test_a_partitioning_is_a_way_to_cluster_the_nodes() -> None:
    slots = {
        "superpixels": labels(np.repeat(np.array([[1, 2, 3]], dtype=np.uint32), 4, axis=0)),
        "probability": probability(np.repeat(np.array([[0.1, 0.1, 1.0]]), 4, axis=0)),
    }
    made = labels_of([Signs({"post_minsize": 0, "edge_weights": "mean"})], slots)
    assert made[0].tolist() == [1, 1, 2] or made[0].tolist() == [1, 2, 2]
    assert made.max() == 2


def test_costs_are_affinities_above_the_bias() -> None:
    graph = random_graph(1, nodes=6)
    assert np.allclose(Signs({"beta": 0.25}).costs(graph), 0.75 - graph.boundary)


@pytest.mark.parametrize("name", ["gasp", "mutex-watershed", "multicut", "lifted-multicut"])
def test_all_partitionings_have_the_shared_parameters(name: str) -> None:
    stage = make(name)
    assert isinstance(stage, GraphPartition)
    assert {"beta", "post_minsize", "edge_weights"} <= {parameter.name for parameter in stage.parameters}
