from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from harness.stages.boundary.partition import agglomerate
from harness.stages.boundary.regions import RegionGraph
from tests.stages.boundary.graphs import random_graph
from tests.stages.chains import fibsem, image, labels, labels_of, make, probability, same_partition

pytest.importorskip("bioimage_cpp", reason="bioimage-cpp is not installed")


def naive(graph: RegionGraph, beta: float) -> np.ndarray:
    """Kruskal with exclusions: contacts by falling |weight|; a repulsive one forbids, an attractive one merges."""
    cluster = np.arange(graph.nodes)
    weights = 1 - graph.boundary - beta
    forbidden: set[frozenset[int]] = set()
    for index in np.argsort(-np.abs(weights), kind="stable"):
        a, b = (int(cluster[node]) for node in graph.pairs[index].astype(int))
        if a == b:
            continue
        if weights[index] <= 0:
            forbidden.add(frozenset((a, b)))
        elif frozenset((a, b)) not in forbidden:
            cluster[cluster == b] = a
            forbidden = {frozenset(a if end == b else end for end in pair) for pair in forbidden}
    return cluster


def test_equals_the_definition() -> None:
    for seed in range(100):
        graph = random_graph(seed, nodes=2 + seed % 13)
        assert same_partition(
            agglomerate(graph, 1 - graph.boundary - 0.5, linkage="mutex_watershed"), naive(graph, 0.5)
        ), seed


def test_a_strong_repulsion_wins_over_weaker_attractions() -> None:
    graph = RegionGraph(
        superpixels=np.array([[1, 2, 3]], dtype=np.uint32),
        boundary_map=np.zeros((1, 3), dtype=np.float32),
        pairs=np.array([[1, 2], [1, 3], [2, 3]], dtype=np.uint64),
        boundary=np.array([0.1, 1.0, 0.2]),
        sizes=np.ones(3),
    )
    nodes = agglomerate(graph, 1 - graph.boundary - 0.5, linkage="mutex_watershed")
    assert nodes[1] == nodes[2] != nodes[3]


@pytest.mark.parametrize("value", [0, 1])
def test_no_and_one_superpixel(value: int) -> None:
    slots = {
        "superpixels": labels(np.full((4, 4), value, dtype=np.uint32)),
        "probability": probability(np.ones((4, 4))),
    }
    assert (labels_of([make("mutex-watershed")], slots) == value).all()


def test_real_boundary_map(local_data: Path) -> None:
    from skimage.metrics import adapted_rand_error

    boundary, truth = fibsem(local_data)
    chain = [make("boundary-from-channel"), make("dt-watershed"), make("mutex-watershed")]
    assert adapted_rand_error(truth, labels_of(chain, {"image": image(boundary)}))[0] < 0.1
