"""Terms of the loss on four voxels of a 2 x 2 patch, against numbers worked out by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import exp, log, sqrt

import pytest
import torch

from harness.stages.spoco import _losses
from harness.stages.spoco.terms import Terms

VECTORS = torch.tensor([[0.0, 0.0], [2.0, 0.0], [3.0, 0.0], [3.0, 4.0]], dtype=torch.float64)
LABELS = torch.tensor([1, 1, 2, 0])
TERMS = Terms()
# Means: object 1 (1, 0), object 2 (3, 0), label 0 (3, 4). Distances of means: 1-2: 2, 1-0: sqrt 20, 2-0: 4.
TWO_SIGMA = 0.25 / log(2)


def found(labels: torch.Tensor = LABELS, *, sparse: bool = True) -> _losses.Clusters:
    return _losses.clusters(VECTORS, labels, sparse=sparse)


def value(loss: torch.Tensor) -> float:
    return float(loss.detach())


def test_pull() -> None:
    # object 1: both voxels are 1 away, (1 - .5)^2 = .25; object 2: 0; mean of the two
    assert value(_losses.pull(found(), 0.5)) == pytest.approx(0.125)
    # with label 0 as a cluster (0 away from itself) the mean is over three
    assert value(_losses.pull(found(sparse=False), 0.5)) == pytest.approx(0.25 / 3)


def test_push() -> None:
    assert value(_losses.push(found(), 2.0)) == pytest.approx((4 - 2) ** 2)
    # three clusters, six ordered pairs: twice 4, and 0 for those at least 4 apart
    assert value(_losses.push(found(sparse=False), 2.0)) == pytest.approx(2 * 4 / 6)


def test_regularisation_has_label_0_in_it() -> None:
    assert value(_losses.regularisation(found())) == pytest.approx((1 + 3 + 5) / 3)


def test_unlabelled_push() -> None:
    # the unlabelled voxel (3, 4) is sqrt 20 and 4 away: with delta_dist 5 that is (5 - sqrt 20)^2 and 1
    assert value(_losses.unlabelled_push(found(), 5.0)) == pytest.approx(((5 - sqrt(20)) ** 2 + 1) / 2)
    assert value(_losses.unlabelled_push(found(), 2.0)) == 0
    assert value(_losses.unlabelled_push(found(torch.tensor([1, 1, 2, 2])), 2.0)) == 0


def test_instance_dice_is_pooled_over_objects() -> None:
    near, far, edge = exp(-1 / TWO_SIGMA), exp(-4 / TWO_SIGMA), exp(-20 / TWO_SIGMA)
    mask_1 = [near, near, far, edge]
    mask_2 = [exp(-9 / TWO_SIGMA), near, 1, exp(-16 / TWO_SIGMA)]
    overlap = 2 * near + 1
    squares = sum(p * p for p in mask_1 + mask_2) + 2 + 1
    assert value(_losses.instance_dice(found(), TERMS.two_sigma)) == pytest.approx(1 - 2 * overlap / squares)


def test_a_soft_mask_is_a_half_at_delta_var() -> None:
    masks = _losses.soft_masks(torch.tensor([[0.0], [0.5], [1.0]]), torch.tensor([[0.0]]), TERMS.two_sigma)
    assert masks[0].tolist() == pytest.approx([1, 0.5, 0.5**4])


def test_consistency_is_pooled_over_anchors_that_cover_what_is_unlabelled() -> None:
    labels = torch.tensor([0, 0, 1, 0])
    vectors = torch.tensor([[0.0], [0.25], [9.0], [5.0]])
    twin = torch.tensor([[0.0], [1.0], [9.0], [5.0]])
    # anchors: one of the voxels 0 and 1 (each covers the other, a quarter away), and voxel 3, in any order
    quarter, one = exp(-0.0625 / TWO_SIGMA), exp(-1 / TWO_SIGMA)
    overlap = 1 + quarter * one + 1
    squares = (1 + quarter**2 + 1) + (1 + one**2 + 1)
    made = _losses.consistency_dice(vectors, twin, labels, TERMS)
    assert value(made) == pytest.approx(1 - 2 * overlap / squares, abs=1e-6)


def test_consistency_ends_with_its_anchors_or_what_is_covered() -> None:
    vectors = torch.arange(8.0)[:, None] * 3
    flat = torch.zeros(8, 1)
    labels = torch.zeros(8, dtype=torch.int64)
    assert value(_losses.consistency_dice(vectors, vectors, labels, TERMS)) == pytest.approx(0, abs=1e-6)
    one = replace(TERMS, anchors=1)
    assert value(_losses.consistency_dice(vectors, flat, labels, one)) == pytest.approx(1 - 2 / (1 + 8), abs=1e-6)
    assert value(_losses.consistency_dice(vectors, flat, labels, replace(TERMS, uncovered=1.0))) == 0
    assert value(_losses.consistency_dice(vectors, flat, labels + 1, TERMS)) == 0


def test_no_gradient_reaches_the_twin() -> None:
    vectors, twin = (torch.rand(6, 2, requires_grad=True) for _ in range(2))
    loss = _losses.consistency_dice(vectors, twin.detach(), torch.zeros(6), TERMS)
    loss.backward()
    assert vectors.grad is not None
    assert twin.grad is None


GRADIENTS: dict[str, Callable[[_losses.Clusters], torch.Tensor]] = {
    "pull": lambda made: _losses.pull(made, 0.5),
    "push": lambda made: _losses.push(made, 2.0),
    "regularisation": _losses.regularisation,
    "unlabelled push": lambda made: _losses.unlabelled_push(made, 5.0),
    "instance Dice": lambda made: _losses.instance_dice(made, 0.9),
}


@pytest.mark.parametrize("term", GRADIENTS)
@pytest.mark.parametrize("sparse", [True, False])
def test_gradients_are_those_of_finite_differences(term: str, *, sparse: bool) -> None:
    vectors = torch.tensor(
        [[0.1, 0.3], [2.0, -0.2], [3.1, 0.2], [2.3, 1.0], [0.7, 2.1]], dtype=torch.float64, requires_grad=True
    )
    labels = torch.tensor([1, 1, 2, 2, 0])

    def loss(given: torch.Tensor) -> torch.Tensor:
        return GRADIENTS[term](_losses.clusters(given, labels, sparse=sparse))

    assert torch.autograd.gradcheck(loss, (vectors,))
    (gradient,) = torch.autograd.grad(loss(vectors), vectors)
    assert gradient.abs().sum() > 0


def test_the_gradient_of_the_consistency_is_that_of_finite_differences() -> None:
    vectors = torch.tensor([[0.0, 0.1], [0.4, 0.2], [3.0, 0.3]], dtype=torch.float64, requires_grad=True)
    twin = vectors.detach() + torch.tensor([[0.1, 0.0], [-0.2, 0.3], [0.1, 0.1]])

    def loss(given: torch.Tensor) -> torch.Tensor:
        torch.manual_seed(1)
        return _losses.consistency_dice(given, twin, torch.zeros(3), replace(TERMS, delta_var=1.0))

    with torch.random.fork_rng():
        assert torch.autograd.gradcheck(loss, (vectors,))


def batch(labels: list[int]) -> tuple[torch.Tensor, torch.Tensor]:
    raw = VECTORS.float().T.reshape(1, 2, 2, 2)
    return raw, torch.tensor(labels, dtype=torch.float32).reshape(1, 1, 2, 2)


def test_the_sum_is_weighted_and_a_weight_of_0_switches_a_term_off() -> None:
    raw, labels = batch([1, 1, 2, 0])
    off = Terms(pull=0, push=0, regularisation=0, unlabelled_push=0, instance_dice=0)
    assert value(_losses.supervised(raw, labels, off)) == 0
    for name, expected in (("pull", 0.125), ("push", 4.0), ("regularisation", 3.0), ("unlabelled_push", 0.0)):
        assert value(_losses.supervised(raw, labels, replace(off, **{name: 2.0}))) == pytest.approx(2 * expected)
    together = _losses.supervised(raw, labels, Terms())
    dice = _losses.instance_dice(found(), TERMS.two_sigma)
    assert value(together) == pytest.approx(0.125 + 4.0 + 0.003 + 0.0 + value(dice), rel=1e-5)


def test_a_batch_is_the_mean_of_its_patches() -> None:
    raw, labels = batch([1, 1, 2, 0])
    other = batch([0, 0, 0, 0])[1]
    one, none = (value(_losses.supervised(raw, each, TERMS)) for each in (labels, other))
    both = _losses.supervised(torch.cat([raw, raw]), torch.cat([labels, other]), TERMS)
    assert value(both) == pytest.approx((one + none) / 2)


def test_where_nothing_is_labelled_only_short_means_are_asked_for() -> None:
    raw, labels = batch([0, 0, 0, 0])
    assert value(_losses.supervised(raw, labels, TERMS)) == pytest.approx(0.001 * sqrt(2**2 + 1))


@pytest.mark.parametrize("sparse", [True, False])
@pytest.mark.parametrize("constant", [0.0, 3.0])
def test_constant_embeddings_have_finite_losses_and_gradients(constant: float, *, sparse: bool) -> None:
    raw = torch.full((1, 2, 2, 2), constant, requires_grad=True)
    labels = batch([1, 1, 2, 0])[1]
    terms = replace(TERMS, sparse=sparse)
    loss = _losses.supervised(raw, labels, terms) + _losses.consistency(raw, raw.detach(), labels, terms)
    loss.backward()
    assert loss.isfinite()
    assert raw.grad is not None
    assert raw.grad.isfinite().all()


def test_volumes_are_patches_too() -> None:
    raw = torch.rand(1, 3, 2, 4, 4, requires_grad=True)
    labels = torch.randint(0, 3, (1, 1, 2, 4, 4)).float()
    loss = _losses.supervised(raw, labels, TERMS) + _losses.consistency(raw, raw.detach(), labels, TERMS)
    loss.backward()
    assert raw.grad is not None
    assert raw.grad.abs().sum() > 0


@pytest.mark.parametrize("sparse", [True, False])
def test_gradients_are_the_same_bit_for_bit_with_several_threads(*, sparse: bool) -> None:
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    generator = torch.Generator().manual_seed(0)
    raw = torch.randn(1, 16, 96, 96, generator=generator)
    labels = torch.randint(0, 6, (1, 1, 96, 96), generator=generator)
    terms, found = replace(Terms(), sparse=sparse), set()
    try:
        for _ in range(6):
            again = raw.clone().requires_grad_()
            torch.manual_seed(1)
            loss = _losses.supervised(again, labels, terms) + _losses.consistency(again, raw.roll(1, -1), labels, terms)
            loss.backward()  # type: ignore[no-untyped-call]
            assert again.grad is not None
            found.add(again.grad.numpy().tobytes())
    finally:
        torch.set_num_threads(threads)
    assert len(found) == 1
