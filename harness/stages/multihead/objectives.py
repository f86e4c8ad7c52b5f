"""The heads of a network with several outputs as values: channels, targets, losses and scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from harness.stages.multihead.heads import HeadNames
from harness.stages.multihead.terms import Loss, against_truth, head_loss
from harness.stages.nets.heads import Head, sigmoid
from harness.stages.nets.loss import channel_dice
from harness.stages.unet.targets import OUTPUTS

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True)
class Forbidden:
    """A channel of a head, by number, that should be 0 where another one's truth lies, and the weight of that."""

    channel: int
    other: str
    weight: float


def output_heads(names: HeadNames, loss: Loss, forbidden: dict[str, tuple[str, float]]) -> tuple[Head, ...]:
    """Return the output heads; `forbidden`: by channel, which other one's truth it must not cover, and a weight."""
    return tuple(_head(names, structures, loss, forbidden) for structures in names.outputs)


def _head(names: HeadNames, structures: tuple[str, ...], loss: Loss, forbidden: dict[str, tuple[str, float]]) -> Head:
    channels = tuple(f"{structure}:{output}" for structure in structures for output in OUTPUTS)
    own = tuple(
        Forbidden(number, *forbidden[channel]) for number, channel in enumerate(channels) if channel in forbidden
    )
    return Head(
        name="+".join(structures),
        slot="structures",
        channels=channels,
        activation=sigmoid,
        targets=partial(_targets, names=names, structures=structures, forbidden=own),
        loss=partial(_loss, kind=loss, channels=len(channels), forbidden=own),
        score=partial(_score, channels=len(channels)),
    )


def _targets(
    labels: np.ndarray, *, names: HeadNames, structures: Sequence[str], forbidden: Sequence[Forbidden]
) -> np.ndarray:
    """Return the maps of the head's channels, and behind them those that some of them must not cover."""
    maps = [names.targets(labels, structures)]
    for rule in forbidden:
        structure, output = rule.other.rsplit(":", 1)
        maps.append(names.targets(labels, [structure])[OUTPUTS.index(output)][np.newaxis])
    return np.concatenate(maps)


def _loss(
    raw: torch.Tensor, target: torch.Tensor, *, kind: Loss, channels: int, forbidden: Sequence[Forbidden]
) -> torch.Tensor:
    total = head_loss(raw, target[:, :channels], kind=kind)
    for place, rule in enumerate(forbidden, start=channels):
        total = total + rule.weight * against_truth(raw[:, rule.channel], target[:, place])
    return total


def _score(probabilities: torch.Tensor, target: torch.Tensor, *, channels: int) -> torch.Tensor:
    return channel_dice(probabilities, target[:, :channels]).mean()
