from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from harness.stages.boundary.multicut import contact_costs, solve_multicut
from tests.stages.boundary.graphs import cut_cost, least_cost, random_graph
from tests.stages.chains import fibsem, image, labels, labels_of, make, probability

pytest.importorskip("bioimage_cpp", reason="bioimage-cpp is not installed")


def test_costs_follow_the_definition() -> None:
    graph = random_graph(0, nodes=6)
    p = np.clip(0.998 * graph.boundary + 0.001, 0, 1)
    plain = contact_costs(graph, beta=0.6, size_weighting=False)
    assert plain == pytest.approx(np.log((1 - p) / p) + np.log(0.4 / 0.6))
    weighted = contact_costs(graph, beta=0.6, size_weighting=True)
    assert weighted == pytest.approx(plain * graph.sizes / graph.sizes.max())


def test_costs_equal_elf() -> None:
    elf = pytest.importorskip("elf.segmentation.multicut", reason="python-elf is not installed")
    graph = random_graph(1, nodes=8)
    expected = elf.transform_probabilities_to_costs(graph.boundary, beta=0.4, edge_sizes=graph.sizes)
    assert contact_costs(graph, beta=0.4, size_weighting=True) == pytest.approx(expected)


def test_tiny_graphs_against_all_partitions() -> None:
    gaps = []
    for seed in range(80):
        graph = random_graph(seed, nodes=2 + seed % 6)
        costs = contact_costs(graph, beta=0.5, size_weighting=seed % 2 == 0)
        found = cut_cost(solve_multicut(graph, costs), graph.pairs, costs)
        gaps.append(found - least_cost(graph.nodes - 1, graph.pairs, costs))
    assert min(gaps) > -1e-9
    assert np.mean(np.array(gaps) < 1e-9) > 0.95


def test_larger_beta_cuts_more() -> None:
    graph = random_graph(3, nodes=40)
    counts = [
        len(np.unique(solve_multicut(graph, contact_costs(graph, beta=beta, size_weighting=False))))
        for beta in (0.001, 0.5, 0.999)
    ]
    assert counts[0] == 2
    assert counts[0] < counts[1] < counts[2]


@pytest.mark.parametrize("value", [0, 1])
def test_no_and_one_superpixel(value: int) -> None:
    slots = {
        "superpixels": labels(np.full((4, 4), value, dtype=np.uint32)),
        "probability": probability(np.ones((4, 4))),
    }
    assert (labels_of([make("multicut")], slots) == value).all()


def test_real_boundary_map(local_data: Path) -> None:
    from skimage.metrics import adapted_rand_error

    boundary, truth = fibsem(local_data)
    chain = [make("boundary-from-channel"), make("dt-watershed"), make("multicut")]
    made = [labels_of(chain, {"image": image(boundary)}) for _ in range(2)]
    assert adapted_rand_error(truth, made[0])[0] < 0.08
    assert (made[0] == made[1]).all()
