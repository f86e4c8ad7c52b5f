from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import DataError
from harness.stages.embedding.pca import principal_axes
from tests.stages.chains import make, run
from tests.stages.embedding.embeddings import embedding, quarters


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1000), st.integers(1, 6))
def test_all_components_are_a_rotation(seed: int, channels: int) -> None:
    vectors = np.random.default_rng(seed).normal(3, 2, (channels, 5, 6))
    made = run([make("pca", components=channels)], {"embedding": embedding(vectors)})["embedding"].array
    before, after = vectors.reshape(channels, -1).T, made.reshape(channels, -1).T
    np.testing.assert_allclose(
        np.linalg.norm(before[:, None] - before[None], axis=2),
        np.linalg.norm(after[:, None] - after[None], axis=2),
        atol=1e-4,
    )


def test_components_are_uncorrelated_and_fall() -> None:
    volume, _ = quarters()
    made = run([make("pca", components=3)], {"embedding": volume})["embedding"]
    assert made.channels == ("pc-1", "pc-2", "pc-3")
    covariance = np.cov(made.array.reshape(3, -1))
    np.testing.assert_allclose(covariance, np.diag(np.diag(covariance)), atol=1e-3)
    assert (np.diff(np.diag(covariance)) < 0).all()


def test_axes_point_to_their_largest_entry() -> None:
    mean, axes = principal_axes(np.array([[-1.0, 2.0], [1.0, -2.0]], dtype=np.float32))
    np.testing.assert_allclose(mean, 0)
    np.testing.assert_allclose(axes[:, 0], [-1 / 5**0.5, 2 / 5**0.5], atol=1e-6)


def test_the_twin_is_projected_onto_the_axes_of_the_embedding() -> None:
    volume, _ = quarters()
    shifted = embedding(volume.array + 1)
    made = run([make("pca", components=2, twin=True)], {"embedding": volume, "embedding-twin": shifted})
    difference = made["embedding-twin"].array - made["embedding"].array
    np.testing.assert_allclose(difference, np.broadcast_to(difference[:, :1, :1], difference.shape), atol=1e-4)


def test_colours_have_one_range() -> None:
    volume, _ = quarters()
    made = run([make("pca", components=3, scale="uint8-joint")], {"embedding": volume})["image"]
    assert made.array.dtype == np.uint8
    assert (made.array.min(), made.array.max()) == (0, 255)
    assert np.ptp(made.array[2]) < 60
    flat = run([make("pca", components=3, scale="uint8-joint")], {"embedding": embedding(np.ones((3, 4, 5)))})["image"]
    assert not flat.array.any()


def test_more_components_than_there_are_is_refused() -> None:
    with pytest.raises(DataError, match="stage 'pca': 5 components of 4 channels; accepted: at most 4"):
        run([make("pca", components=5)], {"embedding": quarters()[0]})
    with pytest.raises(DataError, match="stage 'pca': 2 voxels; accepted: at least 3"):
        run([make("pca", components=3)], {"embedding": embedding(np.zeros((4, 1, 2)))})


def test_a_constant_embedding_becomes_zeros() -> None:
    made = run([make("pca", components=2)], {"embedding": embedding(np.full((3, 4, 5), 7.0))})["embedding"]
    np.testing.assert_allclose(made.array, 0, atol=1e-6)
