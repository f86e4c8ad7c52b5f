from __future__ import annotations

import math

import pytest
import torch

from harness.stages.nets.loss import bce_dice, channel_dice


def test_dice_per_channel() -> None:
    probabilities = torch.tensor([[[0.5, 0.5], [1.0, 0.0]]])
    target = torch.tensor([[[1.0, 0.0], [1.0, 0.0]]])
    first = 2 * 0.5 / (0.5 + 1)
    torch.testing.assert_close(channel_dice(probabilities, target), torch.tensor([first, 1.0]))


def test_dice_sums_over_the_batch() -> None:
    target = torch.tensor([[[1.0]], [[0.0]]])
    probabilities = torch.tensor([[[1.0]], [[1.0]]])
    assert float(channel_dice(probabilities, target)) == pytest.approx(2 / 3)


def test_empty_channels_have_dice_zero() -> None:
    assert float(channel_dice(torch.zeros(1, 1, 4), torch.zeros(1, 1, 4))) == 0


def test_loss_of_an_undecided_network() -> None:
    target = torch.tensor([[[1.0, 0.0]]])
    dice = 2 * 0.5 / (0.25 + 0.25 + 1)
    assert float(bce_dice(torch.zeros(1, 1, 2), target)) == pytest.approx(math.log(2) + 1 - dice)


def test_loss_of_the_truth_is_zero_and_half_precision_is_raised() -> None:
    target = torch.tensor([[[1.0, 0.0]]])
    logits = (target * 2 - 1) * 100
    loss = bce_dice(logits.to(torch.bfloat16), target)
    assert loss.dtype == torch.float32
    assert float(loss) == pytest.approx(0, abs=1e-6)
