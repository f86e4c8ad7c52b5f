"""What a blind-spot network sees and learns: some voxels replaced by neighbours, and what they were."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from harness.stages.nets.heads import Head, unchanged

if TYPE_CHECKING:
    import torch

    Geometry = Callable[[np.ndarray, np.ndarray, np.random.Generator], tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True, slots=True)
class BlindSpots:
    """Hides a share of the voxels of a patch, each behind the value of a neighbour at most `radius` voxels away.

    `geometry` is what happens to the patch before. Noise that is independent from voxel to voxel cannot be told from
    the neighbours, so that what is learnt is the signal (Krull et al. 2019, doi:10.1109/CVPR.2019.00223).
    """

    geometry: Geometry
    share: float
    radius: int

    def __call__(
        self, image: np.ndarray, labels: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return what the network sees, (C, (Z) Y X) float32, and (C + 1, (Z) Y X): what was there, and 1 where hidden.

        At least one voxel is hidden; it never stands for itself.
        """
        whole, _ = self.geometry(image, labels, rng)
        shape = whole.shape[1:]
        hidden = rng.random(shape) < self.share
        if not hidden.any():
            hidden[tuple(int(rng.integers(length)) for length in shape)] = True
        places = np.nonzero(hidden)
        reach = [min(self.radius, length - 1) for length in shape]
        steps = np.stack([rng.integers(-far, far + 1, len(places[0])) for far in reach])
        steps[-1][(steps == 0).all(axis=0)] = 1
        neighbours = tuple((place + step) % length for place, step, length in zip(places, steps, shape, strict=True))
        seen = whole.copy()
        seen[:, *places] = whole[:, *neighbours]
        return seen, np.concatenate([whole, hidden[np.newaxis].astype(np.float32)])


def denoising_head(channels: tuple[str, ...]) -> Head:
    """Return the head that learns what was hidden; no validation chooses its weights."""
    return Head(
        name="denoised",
        slot="image",
        channels=channels,
        activation=unchanged,
        targets=_as_given,
        loss=hidden_error,
        score=_less_error,
    )


def hidden_error(raw: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Return the mean squared difference of (N, C, …) from the first C maps of (N, C + 1, …) where the last is 1."""
    values, hidden = target[:, :-1], target[:, -1:]
    squares = (raw.float() - values) ** 2 * hidden
    return squares.sum() / (hidden.sum() * raw.shape[1]).clamp(min=1)


def _less_error(raw: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    return -hidden_error(raw, target)


def _as_given(labels: np.ndarray) -> np.ndarray:
    return np.asarray(labels, dtype=np.float32)
