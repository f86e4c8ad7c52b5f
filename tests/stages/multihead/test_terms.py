"""The terms between heads against numbers worked out by hand, and what each of them rewards."""

from __future__ import annotations

import pytest
import torch

from harness.stages.multihead.terms import TERMS, BetweenHeads, against_truth, compared, head_loss
from harness.stages.nets.loss import bce_dice

ZERO = torch.zeros(1, 2, 2)
"""Logits of probability .5 at each of four pixels."""


def logit(value: float) -> torch.Tensor:
    return torch.full((1, 2, 2), float(torch.logit(torch.tensor(value))))


def test_values_by_hand() -> None:
    assert float(compared("overlap", ZERO, ZERO)) == pytest.approx(0.25)
    assert float(compared("dice", ZERO, ZERO)) == pytest.approx(2 * 4 * 0.25 / (4 * 0.25 + 4 * 0.25))
    assert float(compared("normalised", ZERO, ZERO)) == pytest.approx(4 * 0.25 / (2 * 2) ** 0.5)
    two = torch.full((1, 2, 2), 2.0)
    assert float(compared("dice-raw-logit", ZERO, two)) == pytest.approx(2 * 4 * 0.5 * 2 / (4 * 0.25 + 4 * 4))
    assert float(against_truth(ZERO, torch.tensor([[[1.0, 0.0], [0.0, 0.0]]]))) == pytest.approx(0.5 / 4)


def test_dice_falls_when_one_map_grows_where_the_other_is_not() -> None:
    """The reason why it inflates: covering more lowers it without any less overlap."""
    p, q = logit(0.3).clone(), logit(0.3).clone()
    before = {term: float(compared(term, p, q)) for term in ("dice", "overlap")}
    p[0, 0, 0], q[0, 0, 0] = 8.0, -8.0
    p[0, 0, 1], q[0, 0, 1] = -8.0, 8.0
    assert float(compared("dice", p, q)) < before["dice"]


def test_the_raw_map_may_make_the_term_negative() -> None:
    """Logits below 0 overlap negatively: the published variant rewards what no probability can reach."""
    assert float(compared("dice-raw-logit", ZERO, torch.full((1, 2, 2), -3.0))) < 0
    assert float(compared("dice", ZERO, torch.full((1, 2, 2), -3.0))) > 0


@pytest.mark.parametrize("term", [term for term in TERMS if term not in ("none", "overlap-truth")])
def test_gradients_reach_both_maps_and_agree_with_differences(term: str) -> None:
    generator = torch.Generator().manual_seed(0)
    p, q = (torch.randn(1, 3, 3, generator=generator, dtype=torch.float64).float().requires_grad_() for _ in range(2))
    compared(term, p, q).backward()  # type: ignore[arg-type]
    for one in (p, q):
        assert one.grad is not None
        assert float(one.grad.abs().sum()) > 0
    step = torch.zeros_like(p)
    step[0, 1, 1] = 1e-2
    with torch.no_grad():
        difference = (compared(term, p + step, q) - compared(term, p - step, q)) / 2e-2  # type: ignore[arg-type]
    assert p.grad is not None
    assert float(p.grad[0, 1, 1]) == pytest.approx(float(difference), abs=1e-3)


def test_a_companion_compares_the_named_channels_with_its_weight() -> None:
    raw = torch.randn(2, 4, 3, 3)
    made = BetweenHeads("overlap", 0.5, 0, 3).loss(raw, raw, [])
    torch.testing.assert_close(made, 0.5 * compared("overlap", raw[:, 0], raw[:, 3]))


def test_the_loss_of_a_head_is_dice_alone_or_with_entropy() -> None:
    raw, target = torch.randn(1, 2, 4, 4), (torch.rand(1, 2, 4, 4) > 0.5).float()
    torch.testing.assert_close(head_loss(raw, target, kind="bce-dice"), bce_dice(raw, target))
    assert float(head_loss(20 * (2 * target - 1), target, kind="dice")) == pytest.approx(0, abs=1e-4)
