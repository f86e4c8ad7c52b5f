"""Expected run length beside funlib.evaluate, on random trees in random segmentations."""

from __future__ import annotations

import numpy as np
import pytest

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


def test_funlib_agrees() -> None:
    library = pytest.importorskip("funlib.evaluate", reason="funlib.evaluate is not installed")
    networkx = pytest.importorskip("networkx")
    for seed in range(200):
        skeletons, segments = forest(np.random.default_rng(seed))
        graph = networkx.Graph()
        for node, (place, number) in enumerate(zip(skeletons.positions, skeletons.skeleton, strict=True)):
            graph.add_node(node, z=place[0], y=place[1], x=place[2], skeleton=int(number))
        graph.add_edges_from(skeletons.edges.tolist())
        expected = library.expected_run_length(
            graph,
            "skeleton",
            "length",
            dict(enumerate(segments.tolist())),
            skeleton_position_attributes=["z", "y", "x"],
        )
        assert expected_run_length(skeletons, segments) == pytest.approx(expected, rel=1e-5), seed
