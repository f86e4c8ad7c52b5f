"""Loss and validation score of the PlantSeg nuclei networks."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

EPSILON = 1e-6


def channel_dice(probabilities: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Return the soft Dice per channel of (N, K, ...) maps: 2 sum(pg) / max(sum(p²) + sum(g²), 1e-6).

    Sums run over the batch and space. A channel that is 0 in both has Dice 0.
    """
    axes = [0, *range(2, target.ndim)]
    overlap = (probabilities * target).sum(dim=axes)
    squares = (probabilities * probabilities).sum(dim=axes) + (target * target).sum(dim=axes)
    return 2 * overlap / squares.clamp(min=EPSILON)


def bce_dice(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Return binary cross-entropy plus one minus the mean channel Dice, both with weight 1 and in float32."""
    import torch
    from torch.nn import functional

    exact = logits.float()
    entropy = functional.binary_cross_entropy_with_logits(exact, target)
    return entropy + 1 - channel_dice(torch.sigmoid(exact), target).mean()
