"""Losses of networks with heads: what a head learns, and the terms that compare one head with the other.

The terms are six readings of one idea, that the foreground of one structure and the boundaries of the other should not
lie in one place. P are the logits of the first structure's foreground, Q those of the second one's boundary, s the
sigmoid, and p, q the maps of the truth.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, get_args

from harness.stages.nets.heads import Companion
from harness.stages.nets.loss import bce_dice, channel_dice

if TYPE_CHECKING:
    import torch

Term = Literal["none", "dice", "dice-raw-logit", "overlap", "overlap-truth", "normalised"]
TERMS: tuple[Term, ...] = get_args(Term)
Loss = Literal["dice", "bce-dice"]
SMALLEST = 1e-6


def head_loss(logits: torch.Tensor, target: torch.Tensor, *, kind: Loss) -> torch.Tensor:
    """Return the loss of a head: 1 less the mean Dice of its channels, with cross-entropy for "bce-dice"."""
    import torch

    if kind == "bce-dice":
        return bce_dice(logits, target)
    return 1 - channel_dice(torch.sigmoid(logits.float()), target).mean()


def compared(term: Term, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """Return a term that needs no truth, of logits (N, …) of the first foreground and of the second boundary.

    dice            Dice(s(P), s(Q))
    dice-raw-logit  Dice(s(P), Q): the second map is not passed through the sigmoid, as in the published code
    overlap         mean of s(P) s(Q)
    normalised      sum of s(P) s(Q) over the root of the product of the sums of either
    """
    import torch

    p, q = torch.sigmoid(first.float()), torch.sigmoid(second.float())
    if term == "overlap":
        return (p * q).mean()
    if term == "normalised":
        return (p * q).sum() / (p.sum() * q.sum()).clamp(min=SMALLEST).sqrt()
    other = second.float() if term == "dice-raw-logit" else q
    return channel_dice(p.unsqueeze(1), other.unsqueeze(1)).mean()


def against_truth(logits: torch.Tensor, forbidden: torch.Tensor) -> torch.Tensor:
    """Return the mean of s(P) q: a prediction where the truth of the other structure lies."""
    import torch

    return (torch.sigmoid(logits.float()) * forbidden).mean()


class BetweenHeads(Companion):
    """Adds a weighted term that compares two output channels of a network, both given by number."""

    def __init__(self, term: Term, weight: float, first: int, second: int) -> None:
        self._term = term
        self._weight = weight
        self._channels = first, second

    def loss(self, images: torch.Tensor, raw: torch.Tensor, targets: Sequence[torch.Tensor]) -> torch.Tensor:
        """Return the weighted term of the raw output (N, K, …) of a batch."""
        first, second = self._channels
        return self._weight * compared(self._term, raw[:, first], raw[:, second])
