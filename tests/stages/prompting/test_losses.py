from __future__ import annotations

import math

import pytest
import torch

from harness.stages.prompting.losses import LossWeights, dice_loss, focal_loss, overlap, prompt_loss

TARGET = torch.tensor([[1.0, 0.0], [0.0, 0.0]])


def test_focal_loss_by_hand() -> None:
    logits = torch.zeros(2, 2)
    assert float(focal_loss(logits, TARGET, 0.0)) == pytest.approx(math.log(2))
    assert float(focal_loss(logits, TARGET, 2.0)) == pytest.approx(0.25 * math.log(2))
    sure = torch.tensor([[9.0, -9.0], [-9.0, -9.0]])
    assert float(focal_loss(sure, TARGET, 2.0)) < 1e-8


def test_dice_loss_by_hand() -> None:
    assert float(dice_loss(torch.zeros(2, 2), TARGET)) == pytest.approx(1 - (2 * 0.5 + 1) / (2 + 1 + 1))
    assert float(dice_loss(torch.full((2, 2), -50.0), torch.zeros(2, 2))) == pytest.approx(0)


def test_overlap_by_hand() -> None:
    logits = torch.tensor([[1.0, 1.0], [-1.0, -1.0]])
    assert float(overlap(logits, TARGET)) == pytest.approx(0.5)
    assert float(overlap(-torch.ones(2, 2), torch.zeros(2, 2))) == 1
    assert float(overlap(-torch.ones(2, 2), TARGET)) == 0


def test_only_the_best_of_several_masks_learns_to_be_the_object() -> None:
    good = torch.tensor([[4.0, -4.0], [-4.0, -4.0]])
    logits = torch.stack([good, -good])[None].requires_grad_()
    scores = torch.zeros(1, 2)
    prompt_loss(logits, scores, TARGET[None, None], LossWeights()).backward()
    assert logits.grad is not None
    assert logits.grad[0, 0].any()
    assert not logits.grad[0, 1].any()


def test_every_mask_learns_how_good_it_is() -> None:
    good = torch.tensor([[4.0, -4.0], [-4.0, -4.0]])
    logits, scores = torch.stack([good, -good])[None], torch.tensor([[1.0, 0.5]])
    weights = LossWeights(focal=0.0, dice=0.0, score=2.0)
    assert float(prompt_loss(logits, scores, TARGET[None, None], weights)) == pytest.approx(2 * 0.25 / 2)


def test_gradients_agree_with_finite_differences() -> None:
    torch.manual_seed(0)
    logits = torch.randn(2, 3, 4, 4, dtype=torch.float64, requires_grad=True)
    scores = torch.rand(2, 3, dtype=torch.float64, requires_grad=True)
    target = (torch.rand(2, 1, 4, 4) > 0.5).double()
    assert torch.autograd.gradcheck(lambda a, b: prompt_loss(a, b, target, LossWeights()), (logits, scores))
