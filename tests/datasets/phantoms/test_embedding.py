from __future__ import annotations

import numpy as np
import pytest

from harness.datasets.phantoms.embedding import CHANNELS, FIRST, SECOND, embed
from harness.datasets.phantoms.parameters import EmbeddingParameters


def test_channels_come_in_order_first_the_embedding_then_its_twin() -> None:
    made = embed(np.zeros((4, 5), np.uint16), EmbeddingParameters(), np.random.default_rng(0))
    assert tuple(made) == FIRST + SECOND
    assert len(FIRST) == CHANNELS
    assert all(channel.dtype == np.float32 and channel.shape == (4, 5) for channel in made.values())


@pytest.mark.parametrize("separation", [1.0, 4.0])
def test_means_lie_apart_and_noise_is_as_asked(separation: float) -> None:
    labels = np.repeat([[0], [1]], 5000, axis=1)
    parameters = EmbeddingParameters(separation=separation, noise=0.1, mixing_px=0.0)
    made = np.stack([*embed(labels, parameters, np.random.default_rng(3)).values()])[:CHANNELS]
    away = np.linalg.norm(made[:, 0].mean(axis=1) - made[:, 1].mean(axis=1))
    assert 0.6 * separation < away < 1.4 * separation
    assert made.std(axis=2).mean() == pytest.approx(0.1, rel=0.05)


def test_borders_mix() -> None:
    labels = np.repeat([[0] * 20 + [1] * 20], 3, axis=0)
    parameters = EmbeddingParameters(noise=0.0, mixing_px=2.0)
    made = np.stack([*embed(labels, parameters, np.random.default_rng(0)).values()])[:CHANNELS, 1]
    left, right, middle = made[:, 0], made[:, -1], made[:, 19:21].mean(axis=1)
    np.testing.assert_allclose(middle, (left + right) / 2, atol=1e-3)
