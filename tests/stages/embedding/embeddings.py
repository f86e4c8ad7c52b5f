"""Embeddings with known clusters, and how alike two label images are."""

from __future__ import annotations

import numpy as np

from harness.model import Volume


def embedding(array: np.ndarray) -> Volume:
    return Volume(array.astype(np.float32), "C" + "ZYX"[1 - array.ndim :])


def quarters(shape: tuple[int, ...] = (16, 20), channels: int = 4, *, noise: float = 0.03, apart: float = 4.0,
             seed: int = 0) -> tuple[Volume, np.ndarray]:  # fmt: skip
    """Return an embedding of four boxes, each around a mean of its own, and the boxes (1 … 4)."""
    rng = np.random.default_rng(seed)
    place = np.indices(shape[-2:])
    truth = 1 + (place[0] >= shape[-2] // 2) + 2 * (place[1] >= shape[-1] // 2)
    truth = np.broadcast_to(truth, shape).copy()
    means = np.zeros((5, channels))
    means[1:, 0] = [0, apart, 0, apart]
    means[1:, 1] = [0, 0, apart, apart]
    vectors = means[truth] + rng.normal(0, noise, (*shape, channels))
    return embedding(np.moveaxis(vectors, -1, 0)), truth


def blobs(count: int, channels: int, *, spread: float, clusters: int = 6, scattered: float = 0.0,
          seed: int = 0) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Return vectors (float32, count x channels) around means about 4 apart, some anywhere, and whose they are."""
    rng = np.random.default_rng(seed)
    means = rng.standard_normal((clusters, channels))
    means *= 4 / np.sqrt(2) / np.linalg.norm(means, axis=1, keepdims=True)
    truth = rng.integers(0, clusters, count)
    vectors = means[truth] + rng.normal(0, spread, (count, channels))
    anywhere = rng.random(count) < scattered
    vectors[anywhere] = rng.uniform(-3, 3, (int(anywhere.sum()), channels))
    truth[anywhere] = -1
    return vectors.astype(np.float32), truth


def agreement(one: np.ndarray, other: np.ndarray) -> float:
    """Return the symmetric best Dice of two label images, all ids of both counted, 0 among them."""
    ids_one, first = np.unique(one, return_inverse=True)
    ids_other, second = np.unique(other, return_inverse=True)
    shared = np.zeros((len(ids_one), len(ids_other)))
    np.add.at(shared, (first.ravel(), second.ravel()), 1)
    dice = 2 * shared / (shared.sum(axis=1)[:, None] + shared.sum(axis=0)[None])
    return float(min(dice.max(axis=1).mean(), dice.max(axis=0).mean()))
