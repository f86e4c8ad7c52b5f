"""Losses of a promptable network: of masks, and of the quality that it predicts for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True)
class LossWeights:
    """Weights of the parts: focal and Dice loss of masks, squared error of the predicted IoU (20, 1, 1 as published).

    gamma  of the focal loss; 0 makes it the binary cross entropy
    """

    focal: float = 20.0
    dice: float = 1.0
    score: float = 1.0
    gamma: float = 2.0


def focal_loss(logits: torch.Tensor, target: torch.Tensor, gamma: float) -> torch.Tensor:
    """Return the focal loss (doi:10.1109/ICCV.2017.324) without a weight of classes, a mean over the last two axes."""
    import torch
    import torch.nn.functional as functional

    entropy = functional.binary_cross_entropy_with_logits(logits, target, reduction="none")
    wrong = torch.abs(target - torch.sigmoid(logits))
    return (wrong**gamma * entropy).mean(dim=(-2, -1)) if gamma else entropy.mean(dim=(-2, -1))


def dice_loss(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Return 1 - (2 |p t| + 1) / (|p| + |t| + 1) over the last two axes."""
    import torch

    probability = torch.sigmoid(logits)
    common = (probability * target).sum(dim=(-2, -1))
    both = probability.sum(dim=(-2, -1)) + target.sum(dim=(-2, -1))
    return 1 - (2 * common + 1) / (both + 1)


def overlap(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Return the IoU of masks cut at 0 with their targets over the last two axes; 1 where both are empty."""
    mask, true = logits > 0, target > 0
    common = (mask & true).sum(dim=(-2, -1))
    union = (mask | true).sum(dim=(-2, -1))
    return (common / union.clamp(min=1)).masked_fill(union == 0, 1.0)


def prompt_loss(logits: torch.Tensor, scores: torch.Tensor, target: torch.Tensor, weights: LossWeights) -> torch.Tensor:
    """Return the loss of the masks (prompts, masks, Y, X) of some prompts, and of the IoU predicted for each.

    target  float32 (prompts, 1, Y, X), 0 or 1

    Of several masks of a prompt the best one alone learns to be the object; every one learns how good it is.
    """
    target = target.expand_as(logits)
    of_masks = weights.focal * focal_loss(logits, target, weights.gamma) + weights.dice * dice_loss(logits, target)
    reached = overlap(logits, target).detach()
    error = ((scores - reached) ** 2).mean()
    return of_masks.min(dim=1).values.mean() + weights.score * error
