from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.stages.embedding import cells, hierarchy, modes
from tests.stages.embedding.embeddings import agreement, blobs

pytest.importorskip("torch", reason="torch is not installed")

DEVICE = "cpu:0"
"""The path of a GPU, on torch's CPU."""


@pytest.mark.parametrize("spread", [0.05, 0.15])
def test_modes_are_those_of_the_compiled_searches(spread: float) -> None:
    vectors, _ = blobs(3000, 6, spread=spread, scattered=0.05)
    own, other = (modes.clusters(vectors, 0.5, 1, 1, device) for device in ("cpu", DEVICE))
    assert own is not None
    assert other is not None
    assert agreement(own, other) >= 0.99


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 100), st.integers(1, 5), st.integers(1, 3), st.sampled_from([0.2, 0.5]))
def test_seeds_are_those_of_the_processor_and_in_their_order(seed: int, channels: int, least: int, edge: float) -> None:
    from harness.stages.embedding import _on_gpu

    vectors, _ = blobs(200, channels, spread=0.2, seed=seed)
    made = _on_gpu.grid_seeds(vectors, edge, least, DEVICE)
    assert made.dtype == np.float32
    np.testing.assert_array_equal(made, modes.grid_seeds(vectors, edge, least))


def test_a_cell_for_each_vector_makes_the_vectors_seeds() -> None:
    from harness.stages.embedding import _on_gpu

    vectors = np.array([[0.2], [5.2]], np.float32)
    assert _on_gpu.grid_seeds(vectors, 1.0, 1, DEVICE) is vectors


def test_searches_end_near_known_modes_and_where_nothing_is() -> None:
    from harness.stages.embedding import _on_gpu

    vectors = np.array([[0.0], [0.1], [0.2], [9.0]], np.float32)
    seeds = np.array([[0.3], [9.1], [50.0]], np.float32)
    ends, counts, reached = _on_gpu.climbed(vectors, seeds, 0.5, 300, DEVICE)
    np.testing.assert_allclose(ends[:2], [[0.1], [9.0]], atol=1e-6)
    assert counts.tolist() == [3, 1, 0]
    assert not reached.any()
    modes_known = np.array([[0.1]], np.float32)
    assert _on_gpu.climbed(vectors, seeds, 0.5, 300, DEVICE, modes=modes_known, stop=0.25)[2].tolist() == [
        True,
        False,
        False,
    ]


@pytest.mark.parametrize("pairs", [500, 2**20])
def test_the_nearest_centre_is_that_of_the_compiled_loop(pairs: int, monkeypatch: pytest.MonkeyPatch) -> None:
    from harness.stages.embedding import _on_gpu

    monkeypatch.setattr(_on_gpu, "_PAIRS", pairs)
    vectors, _ = blobs(300, 5, spread=0.3, scattered=0.2)
    found = _on_gpu.nearest_of(vectors, vectors[::40], DEVICE)
    assert found.dtype == np.int64
    assert found.tolist() == cells.nearest_of(vectors, vectors[::40], 1)[0].tolist()


@pytest.mark.parametrize("pairs", [500, 2**20])
def test_neighbours_are_the_nearest_others(pairs: int, monkeypatch: pytest.MonkeyPatch) -> None:
    from harness.stages.embedding import _on_gpu

    monkeypatch.setattr(_on_gpu, "_PAIRS", pairs)
    vectors, _ = blobs(300, 5, spread=0.3, scattered=0.2)
    core, near = _on_gpu.nearest_neighbours(vectors, 7, DEVICE)
    between = np.square(vectors[:, None].astype(float) - vectors[None]).sum(axis=2)
    np.fill_diagonal(between, np.inf)
    np.testing.assert_allclose(core, np.sort(between, axis=1)[:, 6], rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(
        np.take_along_axis(between, near.astype(np.int64), axis=1),
        np.sort(between, axis=1)[:, :7],
        rtol=1e-3,
        atol=1e-5,
    )


def test_clusters_are_those_of_the_compiled_tree() -> None:
    vectors, _ = blobs(3000, 6, spread=0.1, scattered=0.1)
    wanted = hierarchy.Wanted(30, 30, 0.5, 4096)
    own, other = (hierarchy.clusters(vectors, wanted, 1, device) for device in ("cpu", DEVICE))
    assert agreement(own, other) >= 0.99
