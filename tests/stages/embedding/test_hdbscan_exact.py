from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import psutil
import pytest

from harness.model import Volume
from harness.stages.contract import Context
from harness.stages.embedding.vectors import vectors_of
from tests.stages.chains import labels_of, make
from tests.stages.embedding.embeddings import agreement, blobs, embedding

hdbscan = pytest.importorskip("hdbscan", reason="hdbscan is not installed")

LEAST = 20
LONGER_BY_DEFAULT = ((0.3, 2, 4), (0.6, 4, 1), (1.0, 4, 4))
"""Spread, channels and seed of vectors whose spanning tree by the library's default is not the least one."""


@cache
def scattered(spread: float, channels: int, seed: int) -> Volume:
    vectors, _ = blobs(1600, channels, spread=spread, scattered=0.2, seed=seed)
    return embedding(vectors.T.reshape(channels, 40, 40))


def clustered(stage: str, volume: Volume, seed: int = 0) -> np.ndarray:
    return labels_of([make(stage, min_cluster_size=LEAST)], {"embedding": volume}, seed=seed)


def by_prim(volume: Volume) -> np.ndarray:
    """Return the library's labels by its other algorithm, which measures every pair and approximates nothing."""
    library = hdbscan.HDBSCAN(LEAST, LEAST, cluster_selection_epsilon=0.5, algorithm="prims_kdtree")
    found: np.ndarray = library.fit_predict(vectors_of(volume, ""))
    return found.reshape(volume.grid.shape)


@pytest.mark.parametrize("kind", LONGER_BY_DEFAULT)
def test_labels_are_those_of_every_pair_measured_where_the_default_has_others(kind: tuple[float, int, int]) -> None:
    volume = scattered(*kind)
    made = clustered("hdbscan-exact", volume)
    assert agreement(made, by_prim(volume)) >= 0.998
    assert agreement(made, clustered("hdbscan", volume)) < 0.95


@pytest.mark.parametrize("kind", LONGER_BY_DEFAULT)
def test_fast_labels_are_those_of_the_exact_tree(kind: tuple[float, int, int]) -> None:
    volume = scattered(*kind)
    assert agreement(clustered("hdbscan-fast", volume), clustered("hdbscan-exact", volume)) >= 0.995


def test_the_seed_changes_nothing() -> None:
    volume = scattered(*LONGER_BY_DEFAULT[0])
    one, again = (clustered("hdbscan-exact", volume, seed) for seed in (1, 2))
    assert one.max() > 1
    np.testing.assert_array_equal(one, again)


def test_no_process_is_left_that_ends_with_the_cell() -> None:
    vectors, _ = blobs(130 * 130, 2, spread=0.1, seed=3)
    volume = embedding(vectors.T.reshape(2, 130, 130))
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    stage = make("hdbscan-exact", min_cluster_size=LEAST)
    made = stage.run({"embedding": volume}, Context(grid=volume.grid, seed=0, scratch=Path("unused"), threads=2))
    assert isinstance(made, Volume)
    assert made.array.max() > 1
    assert {child.pid for child in psutil.Process().children(recursive=True)} <= before
