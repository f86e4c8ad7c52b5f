from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import DataError
from harness.stages.embedding.modes import clusters, grid_seeds, strongest_apart
from tests.stages.embedding.embeddings import agreement, blobs


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 100), st.integers(1, 5), st.integers(1, 3))
def test_seeds_are_those_of_scikit_learn(seed: int, channels: int, least: int) -> None:
    cluster = pytest.importorskip("sklearn.cluster", reason="scikit-learn is not installed")
    vectors, _ = blobs(200, channels, spread=0.2, seed=seed)
    expected = cluster.get_bin_seeds(vectors, 0.5, least)
    made = grid_seeds(vectors, 0.5, least)
    assert {tuple(row) for row in made.tolist()} == {tuple(row) for row in np.asarray(expected).tolist()}
    assert len(made) == len(expected)


def test_the_fullest_cell_comes_first() -> None:
    vectors = np.array([[0.0], [3.0], [3.1], [3.0], [7.0], [7.1]], np.float32)
    assert grid_seeds(vectors, 1.0, 1).ravel().tolist() == [3.0, 7.0, 0.0]
    assert grid_seeds(vectors, 1.0, 2).ravel().tolist() == [3.0, 7.0]


def test_a_cell_for_each_vector_makes_the_vectors_seeds() -> None:
    vectors = np.array([[0.2], [5.2]], np.float32)
    assert grid_seeds(vectors, 1.0, 1) is vectors


def test_weaker_modes_near_a_stronger_one_go() -> None:
    modes = np.array([[0.0, 0], [0.4, 0], [3, 0], [3, 0.2]], np.float32)
    np.testing.assert_array_equal(strongest_apart(modes, np.array([5, 9, 4, 4]), 0.5), modes[[1, 3]])


def test_threads_change_nothing() -> None:
    vectors, _ = blobs(4000, 8, spread=0.12, scattered=0.05)
    one, two = (clusters(vectors, 0.5, 1, threads) for threads in (1, 2))
    assert one is not None
    np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("spread", [0.05, 0.15])
@pytest.mark.parametrize("channels", [2, 6])
def test_clusters_are_those_of_scikit_learn(channels: int, spread: float) -> None:
    cluster = pytest.importorskip("sklearn.cluster", reason="scikit-learn is not installed")
    vectors, _ = blobs(600, channels, spread=spread, scattered=0.1)
    own = clusters(vectors, 0.5, 1, 1)
    assert own is not None
    assert agreement(own, cluster.MeanShift(bandwidth=0.5, bin_seeding=True).fit_predict(vectors)) >= 0.999


def test_very_many_clusters_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = np.arange(2000, dtype=np.float32)[:, None] * 3
    found = clusters(vectors, 0.5, 1, 1)
    assert found is not None
    assert len(np.unique(found)) == 2000
    monkeypatch.setattr("harness.stages.embedding.modes.MOST_MODES", 100)
    with pytest.raises(DataError, match=r"^here: more than 100 clusters of 2000 voxels.*larger min_bin_freq"):
        clusters(vectors, 0.5, 1, 1, where="here")


def test_no_vector_near_any_seed() -> None:
    vectors = np.full((10, 16), 0.24, np.float32)
    assert clusters(vectors, 0.5, 1, 1) is None
    assert clusters(np.zeros((3, 2), np.float32), 0.5, 4, 1) is None


@pytest.mark.parametrize("spread", [0.08, 0.13])
def test_clusters_are_those_of_scikit_learn_where_vectors_crowd(spread: float, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = pytest.importorskip("sklearn.cluster", reason="scikit-learn is not installed")
    monkeypatch.setattr("harness.stages.embedding.modes._FEW", 100)
    vectors, _ = blobs(6000, 8, spread=spread, clusters=4, scattered=0.02)
    own = clusters(vectors, 0.5, 1, 1)
    assert own is not None
    assert agreement(own, cluster.MeanShift(bandwidth=0.5, bin_seeding=True).fit_predict(vectors)) >= 0.99


def test_a_million_clusters_are_refused_after_some_of_the_searches() -> None:
    vectors = np.arange(1_000_000, dtype=np.float32)[:, None] * 10
    with pytest.raises(DataError, match=r"^here: more than 20000 clusters of 1000000 voxels"):
        clusters(vectors, 0.5, 1, 1, where="here")


def test_searches_go_on_in_parts_that_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors, _ = blobs(4000, 8, spread=0.12, scattered=0.2)
    whole = clusters(vectors, 0.5, 1, 1)
    monkeypatch.setattr("harness.stages.embedding.modes._TRIED", 7)
    monkeypatch.setattr("harness.stages.embedding.modes._ORDERED_AT_ONCE", 5)
    parts = clusters(vectors, 0.5, 1, 1)
    assert whole is not None
    assert parts is not None
    np.testing.assert_array_equal(parts, whole)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1000), st.integers(1, 4), st.integers(0, 60))
def test_every_mode_is_kept_or_near_a_stronger_one_that_is(seed: int, channels: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    modes = rng.uniform(0, 2, (count, channels)).astype(np.float32)
    strengths = rng.integers(1, 5, count)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("harness.stages.embedding.modes._ORDERED_AT_ONCE", 3)
        kept = strongest_apart(modes, strengths, 0.5)
    apart = np.linalg.norm(modes[:, None] - kept[None], axis=2)
    assert (np.linalg.norm(kept[:, None] - kept[None], axis=2) + 9 * np.eye(len(kept)) > 0.499).all()
    for strength, away in zip(strengths, apart, strict=True):
        near = [strengths[(modes == each).all(axis=1)].max() for each in kept[away <= 0.501]]
        assert max(near) >= strength


def test_the_order_of_modes_holds_only_the_ones_that_are_kept() -> None:
    modes = np.arange(5_000, dtype=np.float32)[:, None] * 3
    tracemalloc.start()
    try:
        assert len(strongest_apart(modes, np.ones(len(modes), np.int64), 0.5)) == len(modes)
        assert tracemalloc.get_traced_memory()[1] < 20 * modes.nbytes
    finally:
        tracemalloc.stop()
