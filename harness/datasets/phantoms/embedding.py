"""Embeddings with known objects: what a trained network would make of a phantom, without the network."""

from __future__ import annotations

import numpy as np

from harness.datasets.phantoms.parameters import EmbeddingParameters

CHANNELS = 16
FIRST = tuple(f"f-{number:02}" for number in range(1, CHANNELS + 1))
SECOND = tuple(f"g-{number:02}" for number in range(1, CHANNELS + 1))


def embed(labels: np.ndarray, parameters: EmbeddingParameters, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Return the channels (float32, YX) of an embedding `f-…` and of its twin `g-…`.

    Objects and background have a mean in a random direction, alike in both; along borders means mix, so that
    fragments appear between objects as they do in real embeddings; noise is drawn for each apart.
    """
    from scipy.ndimage import gaussian_filter

    means = rng.standard_normal((int(labels.max(initial=0)) + 1, CHANNELS))
    means *= parameters.separation / np.sqrt(2) / np.linalg.norm(means, axis=1, keepdims=True)
    channels = {}
    for number, name in enumerate(FIRST):
        clean = gaussian_filter(means[labels, number].astype(np.float32), parameters.mixing_px)
        for twin in (name, SECOND[number]):
            noise = rng.standard_normal(labels.shape, dtype=np.float32) * np.float32(parameters.noise)
            channels[twin] = clean + noise
    return {name: channels[name] for name in (*FIRST, *SECOND)}
