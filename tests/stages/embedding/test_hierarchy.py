from __future__ import annotations

import numpy as np
import pytest

from harness.stages.embedding.hierarchy import Wanted, chosen_clusters, clusters
from tests.stages.embedding.embeddings import agreement, blobs


def library(vectors: np.ndarray, size: int, neighbours: int, epsilon: float) -> np.ndarray:
    hdbscan = pytest.importorskip("hdbscan", reason="hdbscan is not installed")
    made = hdbscan.HDBSCAN(min_cluster_size=size, min_samples=neighbours, cluster_selection_epsilon=epsilon,
                           approx_min_span_tree=False)  # fmt: skip
    return np.asarray(made.fit_predict(vectors)) + 1


@pytest.mark.parametrize("neighbours", [3, 30])
@pytest.mark.parametrize("epsilon", [0.0, 0.5])
@pytest.mark.parametrize("spread", [0.1, 0.4])
def test_clusters_are_those_of_the_library(spread: float, epsilon: float, neighbours: int) -> None:
    vectors, _ = blobs(1500, 5, spread=spread, scattered=0.1)
    own = clusters(vectors, Wanted(30, neighbours, epsilon, 4096), 2)
    assert agreement(own, library(vectors, 30, neighbours, epsilon)) >= 0.99


@pytest.mark.parametrize("channels", [3, 16])
def test_crowded_ones_as_well(channels: int) -> None:
    vectors, _ = blobs(8000, channels, spread=0.1, scattered=0.05)
    own = clusters(vectors, Wanted(50, 50, 0.5, 300), 1)
    assert agreement(own, library(vectors, 50, 50, 0.5)) >= 0.99


def test_threads_change_nothing() -> None:
    vectors, _ = blobs(5000, 6, spread=0.2, scattered=0.1)
    one, two = (clusters(vectors, Wanted(30, 30, 0.5, 256), threads) for threads in (1, 2))
    np.testing.assert_array_equal(one, two)


def test_equal_vectors_make_no_cluster() -> None:
    assert not clusters(np.ones((300, 4), np.float32), Wanted(50, 50, 0.5, 4096), 1).any()


def test_children_are_chosen_where_they_last_longer() -> None:
    parents = np.array([-1, 0, 0, 1, 1])
    births = np.array([0, 0.5, 0.5, 1, 1])
    assert chosen_clusters(parents, births, np.array([0, 3.0, 1, 1, 1]), 0).tolist() == [
        False,
        True,
        True,
        False,
        False,
    ]
    assert chosen_clusters(parents, births, np.array([0, 1.5, 1, 1, 1]), 0).tolist() == [False, False, True, True, True]


def test_what_parts_at_less_than_epsilon_stays_one() -> None:
    parents = np.array([-1, 0, 0, 1, 1, 3, 3])
    births = np.array([0, 0.5, 0.5, 4, 4, 5, 5])
    stabilities = np.array([0, 1.0, 1, 1, 1, 2, 2])
    assert np.flatnonzero(chosen_clusters(parents, births, stabilities, 0)).tolist() == [2, 4, 5, 6]
    assert np.flatnonzero(chosen_clusters(parents, births, stabilities, 0.3)).tolist() == [1, 2]
    assert np.flatnonzero(chosen_clusters(parents, births, stabilities, 9)).tolist() == [1, 2]
