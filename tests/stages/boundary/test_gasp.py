from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from harness.stages.boundary.partition import agglomerate
from tests.stages.boundary.graphs import greedy_mean_linkage, random_graph
from tests.stages.chains import fibsem, image, labels, labels_of, make, probability, run, same_partition, walls

pytest.importorskip("bioimage_cpp", reason="bioimage-cpp is not installed")


@pytest.mark.parametrize("beta", [0.3, 0.5, 0.7])
def test_mean_linkage_equals_naive_greedy_merging(beta: float) -> None:
    for seed in range(60):
        graph = random_graph(seed, nodes=2 + seed % 13)
        found = agglomerate(graph, 1 - graph.boundary - beta, linkage="mean")
        assert same_partition(found, greedy_mean_linkage(graph, beta)), seed


def test_larger_beta_keeps_more_regions() -> None:
    graph = random_graph(3, nodes=40)
    counts = [
        len(np.unique(agglomerate(graph, 1 - graph.boundary - beta, linkage="mean")))
        for beta in (0.0, 0.3, 0.5, 0.7, 1.0)
    ]
    assert counts == sorted(counts)
    assert (counts[0], counts[-1]) == (2, 41)


def test_defaults_are_the_published_ones() -> None:
    assert dict(make("gasp").options) == {
        "linkage": "mean", "beta": 0.5, "post_minsize": 100, "edge_weights": "one-sided"
    }  # fmt: skip


@pytest.mark.parametrize(("edge_weights", "objects"), [("one-sided", 2), ("mean", 1)])
def test_edge_weights_decide_a_lopsided_contact(edge_weights: str, objects: int) -> None:
    superpixels = labels(np.array([[1, 2]], dtype=np.uint32))
    stage = make("gasp", edge_weights=edge_weights, post_minsize=0)
    made = labels_of([stage], {"superpixels": superpixels, "probability": probability(np.array([[0.8, 0.1]]))})
    assert made.max() == objects


@pytest.mark.parametrize("linkage", ["mean", "sum", "max", "min", "abs_max"])
def test_walls_are_recovered_and_the_seed_does_not_matter(linkage: str) -> None:
    boundary, tissue = walls((24, 64, 64), 12, seed=4)
    chain = [make("dt-watershed", sigma_seeds=0.5, min_size=0), make("gasp", linkage=linkage, beta=0.6)]
    made = labels_of(chain, {"probability": probability(boundary)})
    purity = [np.bincount(made[tissue == number]).max() for number in np.unique(tissue)]
    assert sum(purity) / made.size > 0.8
    assert (made == labels_of(chain, {"probability": probability(boundary)}, seed=9)).all()


def test_masked_superpixels_stay_background() -> None:
    superpixels = np.repeat(np.array([[1, 0, 2, 3]], dtype=np.uint32), 3, axis=0)
    made = labels_of(
        [make("gasp", post_minsize=0)],
        {"superpixels": labels(superpixels), "probability": probability(np.zeros((3, 4)))},
    )
    assert made[0].tolist() == [1, 0, 2, 2]


@pytest.mark.parametrize("value", [0, 1])
def test_no_and_one_superpixel(value: int) -> None:
    slots = {
        "superpixels": labels(np.full((4, 4), value, dtype=np.uint32)),
        "probability": probability(np.ones((4, 4))),
    }
    assert (labels_of([make("gasp")], slots) == value).all()


def test_real_boundary_map(local_data: Path) -> None:
    from skimage.metrics import adapted_rand_error

    boundary, truth = fibsem(local_data)
    volume = image(boundary, channels=("boundary_prediction",))
    slots = run([make("boundary-from-channel"), make("dt-watershed")], {"image": volume})
    alone = adapted_rand_error(truth, slots["superpixels"].array)[0]
    made = labels_of([make("gasp")], slots)
    assert 60 <= made.max() <= slots["superpixels"].array.max()
    assert adapted_rand_error(truth, made)[0] < min(0.1, alone)
