"""Augmenters: random axis permutations, flips and intensities of one training patch.

Intensity: x * U(0.6, 2) + U(-0.2, 0.2), as in the ovule training of https://doi.org/10.1242/dev.202800.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

Augmenter = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


def make_augmenter(axes: Sequence[int], seed: int) -> Augmenter | None:
    """Return a function of (image, labels) that permutes and flips `axes` alike in both; None for no axes.

    The image is float (Z)YX or (Z)YXC, the labels are (Z)YX. All draws come from a generator of its own, so that
    a model does not depend on what else drew random numbers in the process.
    """
    if not axes:
        return None
    generator = np.random.default_rng(seed)

    def augment(image: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        order = generator.permutation(axes)
        flips = [int(axis) for axis in axes if generator.random() < 0.5]
        scale, shift = generator.uniform(0.6, 2.0), generator.uniform(-0.2, 0.2)
        image = np.flip(_exchange(image, axes, order), flips)
        labels = np.flip(_exchange(labels, axes, order), flips)
        return (image * scale + shift).astype(np.float32), np.ascontiguousarray(labels)

    return augment


def _exchange(array: np.ndarray, axes: Sequence[int], order: np.ndarray) -> np.ndarray:
    positions = list(range(array.ndim))
    for axis, source in zip(axes, order, strict=True):
        positions[axis] = int(source)
    return array.transpose(positions)
