"""The head of the boundary U-Net: foreground and thick boundaries, learnt with cross-entropy and Dice."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from harness.stages.nets.heads import Head, sigmoid
from harness.stages.nets.loss import bce_dice, channel_dice
from harness.stages.unet.targets import Output, training_targets

if TYPE_CHECKING:
    import torch


def boundary_head(outputs: tuple[Output, ...]) -> Head:
    """Return the head whose channels are the named outputs; its score is the mean Dice of the channels."""
    return Head(
        name="dice",
        slot="probability",
        channels=outputs,
        activation=sigmoid,
        targets=partial(training_targets, outputs=outputs),
        loss=bce_dice,
        score=_mean_dice,
        voxelwise=True,
    )


def _mean_dice(probabilities: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    return channel_dice(probabilities, target).mean()
