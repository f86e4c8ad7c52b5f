from __future__ import annotations

import numpy as np
import pytest

from harness.stages.embedding.hierarchy import Thinned, clusters, thinned
from tests.stages.embedding.embeddings import agreement, blobs

hdbscan = pytest.importorskip("hdbscan", reason="hdbscan is not installed")


def library(vectors: np.ndarray, size: int, neighbours: int, epsilon: float) -> np.ndarray:
    made = hdbscan.HDBSCAN(min_cluster_size=size, min_samples=neighbours, cluster_selection_epsilon=epsilon,
                           approx_min_span_tree=False)  # fmt: skip
    return np.asarray(made.fit_predict(vectors)) + 1


@pytest.mark.parametrize("neighbours", [3, 30])
@pytest.mark.parametrize("epsilon", [0.0, 0.5])
@pytest.mark.parametrize("spread", [0.1, 0.4])
def test_all_vectors_give_the_clusters_of_the_library(spread: float, epsilon: float, neighbours: int) -> None:
    vectors, _ = blobs(1500, 5, spread=spread, scattered=0.1)
    own = clusters(vectors, np.arange(1500), Thinned(30, neighbours, epsilon), 2)
    assert agreement(own, library(vectors, 30, neighbours, epsilon)) >= 0.99


def test_part_of_the_vectors_gives_them_too() -> None:
    vectors, _ = blobs(8000, 16, spread=0.1, scattered=0.05)
    chosen = thinned(8000, 2000, np.random.default_rng(0))
    own = clusters(vectors, chosen, Thinned(12, 12, 0.5), 1)
    assert agreement(own, library(vectors, 50, 50, 0.5)) >= 0.99


def test_threads_change_nothing() -> None:
    vectors, _ = blobs(5000, 6, spread=0.2, scattered=0.1)
    chosen = thinned(5000, 1500, np.random.default_rng(0))
    one, two = (clusters(vectors, chosen, Thinned(15, 15, 0.5), threads) for threads in (1, 2))
    np.testing.assert_array_equal(one, two)


def test_thinning_takes_one_of_each_stretch() -> None:
    assert thinned(5, 5, np.random.default_rng(0)).tolist() == [0, 1, 2, 3, 4]
    chosen = thinned(1003, 100, np.random.default_rng(0))
    assert len(chosen) == len(set(chosen.tolist())) == 100
    assert (np.diff(chosen) > 0).all()
    assert (np.diff(chosen) <= 22).all()
    assert chosen[0] >= 0
    assert chosen[-1] < 1003
