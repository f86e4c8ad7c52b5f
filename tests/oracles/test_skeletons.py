"""Expected run length beside funlib.evaluate, on random trees in random segmentations."""

from __future__ import annotations

import numpy as np
import pytest

from harness.metrics import METRICS, Pair
from harness.metrics.skeleton import Skeletons, expected_run_length

pytestmark = pytest.mark.oracle


def forest(rng: np.random.Generator) -> tuple[Skeletons, np.ndarray]:
    """Trees of 2 to 12 nodes at random places, and segments that cut, merge and omit."""
    positions, edges, skeleton = [], [], []
    for number in range(int(rng.integers(1, 6))):
        first, count = len(positions), int(rng.integers(2, 13))
        positions += rng.uniform(0, 100, (count, 3)).tolist()
        edges += [(first + int(rng.integers(0, node)), first + node) for node in range(1, count)]
        skeleton += [number + 1] * count
    segments = np.array(skeleton) * 10
    changed = rng.random(segments.size) < 0.3
    segments[changed] = rng.integers(0, 60, int(changed.sum()))
    return Skeletons(np.array(positions, np.float32), np.array(edges), np.array(skeleton)), segments


def of_library(skeletons: Skeletons, segments: np.ndarray) -> float:
    """What funlib.evaluate says of skeletons in three dimensions."""
    library = pytest.importorskip("funlib.evaluate", reason="funlib.evaluate is not installed")
    graph = pytest.importorskip("networkx").Graph()
    for node, (place, number) in enumerate(zip(skeletons.positions, skeletons.skeleton, strict=True)):
        graph.add_node(node, z=place[0], y=place[1], x=place[2], skeleton=int(number))
    graph.add_edges_from(skeletons.edges.tolist())
    names = ["z", "y", "x"]
    labels = dict(enumerate(segments.tolist()))
    return library.expected_run_length(graph, "skeleton", "length", labels, skeleton_position_attributes=names)


def test_funlib_agrees() -> None:
    for seed in range(200):
        skeletons, segments = forest(np.random.default_rng(seed))
        expected = of_library(skeletons, segments)
        assert expected_run_length(skeletons, segments) == pytest.approx(expected, rel=1e-5), seed


def walks(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Lines of one voxel's width that wander through a volume, and labels that cut, merge and omit them."""
    truth = np.zeros((8, 12, 12), np.uint16)
    for number in range(1, int(rng.integers(2, 6))):
        place = rng.integers(0, truth.shape)
        for _ in range(int(rng.integers(2, 20))):
            truth[tuple(place)] = number
            place = np.clip(place + rng.integers(-1, 2, 3), 0, np.array(truth.shape) - 1)
    blocks = rng.integers(0, 4, (4, 6, 6)).repeat(2, 0).repeat(2, 1).repeat(2, 2)
    return truth, np.where(rng.random(truth.shape) < 0.1, 0, truth * 10 + (blocks == 1) * rng.integers(0, 3))


def test_funlib_agrees_on_label_images_of_lines() -> None:
    metric = next(metric for metric in METRICS if metric.id == "erl.traced")
    for seed in range(200):
        pair = Pair(*walks(np.random.default_rng(seed)), spacing_um=(0.04, 0.01, 0.01))
        lines = pair.traces.skeletons
        if lines.edges.size:
            assert metric.of(pair) == pytest.approx(of_library(lines, pair.traces.segments), rel=1e-5), seed
