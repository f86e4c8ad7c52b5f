"""Two views of a training patch: one geometry for both and the labels, and what is done to the values of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np

from harness.stages.nets.augment import Augmentation

Change = Literal["blur", "noise", "jitter"]
CHANGES: tuple[Change, ...] = get_args(Change)


@dataclass(frozen=True, slots=True)
class View:
    """Changes of the values of a standardised image, in the order blur, jitter, noise.

    blur    a Gaussian of a standard deviation uniform in `sigma`, in pixels
    jitter  contrast times 1 +- `strength`, brightness +- `strength`, channels towards their mean by up to `strength`
    noise   Gaussian of a standard deviation uniform in [0, 1/2], and Poisson of a mean uniform in [0, 1]

    Blur and jitter happen with `probability`, each kind of noise with half of it.
    """

    changes: Sequence[Change] = ()
    sigma: tuple[float, float] = (0.1, 2.0)
    strength: float = 0.4
    probability: float = 1.0

    def __call__(self, image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return a changed copy of an image (C(Z)YX float32)."""
        made = np.array(image, dtype=np.float32, order="C")
        if "blur" in self.changes and rng.random() < self.probability:
            made = _blurred(made, float(rng.uniform(*self.sigma)))
        if "jitter" in self.changes and rng.random() < self.probability:
            made = self._jittered(made, rng)
        if "noise" in self.changes and rng.random() < self.probability / 2:
            made += rng.uniform(0, 0.5) * rng.standard_normal(made.shape, dtype=np.float32)
        if "noise" in self.changes and rng.random() < self.probability / 2:
            made += rng.poisson(rng.uniform(0, 1), made.shape).astype(np.float32)
        return np.asarray(made, dtype=np.float32)

    def _jittered(self, image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        contrast, brightness, grey = rng.uniform(-self.strength, self.strength, 3)
        if len(image) > 1:
            image = image + abs(grey) * (image.mean(axis=0, keepdims=True) - image)
        return np.asarray((1 + contrast) * image + brightness, dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Views:
    """Augmentation of a patch for a network and its twin."""

    geometry: Augmentation = field(default_factory=Augmentation)
    first: View = field(default_factory=View)
    second: View = field(default_factory=lambda: View(("blur",)))

    def __call__(
        self, image: np.ndarray, labels: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return both views of an image (C(Z)YX float32), one behind the other (2C(Z)YX), and their labels."""
        image, labels = self.geometry(image, labels, rng)
        return np.concatenate([self.first(image, rng), self.second(image, rng)]), labels


def _blurred(image: np.ndarray, sigma: float) -> np.ndarray:
    from scipy import ndimage

    blurred: np.ndarray = ndimage.gaussian_filter(image, (0, *[sigma] * (image.ndim - 1)), mode="reflect")
    return blurred
