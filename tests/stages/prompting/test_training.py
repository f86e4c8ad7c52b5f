from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
import torch

from harness.errors import DataError
from harness.stages.nets.compute import choose, seeded
from harness.stages.prompting import network
from harness.stages.prompting.examples import LabelledPlane, Sampling
from harness.stages.prompting.losses import LossWeights
from harness.stages.prompting.training import Trained, TrainingPlan, train
from tests.stages.prompting.scenes import TINY, bright_discs

pytest.importorskip("transformers", reason="the extra `prompting` is not installed")

PLAN = TrainingPlan(
    iterations=4, batch=2, learning_rate=1e-3, weight_decay=0.0, warmup=2, validate_every=2, freeze_encoder=False,
    sampling=Sampling(objects=3), loss=LossWeights(),
)  # fmt: skip


def planes(seed: int = 0) -> list[LabelledPlane]:
    image, truth = bright_discs(seed=seed)
    return [LabelledPlane(image[..., None].repeat(3, axis=2), truth)]


def trained(plan: TrainingPlan = PLAN, validation: list[LabelledPlane] | None = None, **facts: Any) -> Trained:
    with seeded(0):
        made = network.build(TINY)
        return train(
            made,
            TINY,
            planes(),
            validation or [],
            plan=plan,
            compute=choose("cpu", "float32", 2),
            seed=7,
            log=lambda line: None,
            report=facts.get("report", lambda name, value: None),
        )


def test_equal_arguments_give_equal_weights_and_another_seed_of_weights_others() -> None:
    one, other = trained().network.state_dict(), trained().network.state_dict()
    assert all(torch.equal(one[name], other[name]) for name in one)
    untrained = network.build(TINY).state_dict()
    assert not all(torch.equal(one[name], untrained[name]) for name in one)


def test_every_part_learns_and_a_frozen_encoder_does_not() -> None:
    with seeded(0):
        before = network.build(TINY).state_dict()
    long = replace(PLAN, iterations=8, sampling=Sampling(objects=3, negatives=1))
    after = trained(long).network.state_dict()
    for part in ("vision_encoder.neck.conv2", "prompt_encoder.point_embed.2", "mask_decoder.mask_tokens"):
        assert not torch.equal(before[f"{part}.weight"], after[f"{part}.weight"]), part
    frozen = trained(replace(long, freeze_encoder=True)).network.state_dict()
    encoder = [name for name in before if name.startswith("vision_encoder.")]
    assert all(torch.equal(before[name], frozen[name]) for name in encoder)
    assert not torch.equal(before["mask_decoder.mask_tokens.weight"], frozen["mask_decoder.mask_tokens.weight"])


def test_validation_is_written_down_and_the_best_weights_stay() -> None:
    made = trained(validation=planes(1))
    assert [entry["iteration"] for entry in made.history] == [2, 4]
    best = max(made.history, key=lambda entry: entry["iou"])
    assert made.best_iteration == best["iteration"]


def test_without_validation_the_last_weights_count() -> None:
    made = trained()
    assert made.best_iteration == 4
    assert set(made.history[0]) == {"iteration", "loss"}


def test_the_learning_rate_rises_and_falls() -> None:
    plan = replace(PLAN, iterations=10, warmup=4, learning_rate=1.0)
    assert [plan.rate(number) for number in range(5)] == pytest.approx([0.25, 0.5, 0.75, 1.0, 1.0])
    assert plan.rate(7) == pytest.approx((1 + math.cos(math.pi / 2)) / 2)
    assert replace(plan, warmup=0).rate(0) == 1


def test_a_loss_that_is_no_number_ends_the_training() -> None:
    with pytest.raises(DataError, match="the training loss is nan at iteration 2; lower the learning rate"):
        trained(replace(PLAN, loss=LossWeights(dice=math.nan)))


def test_seconds_of_the_device_are_reported() -> None:
    said: dict[str, float] = {}
    trained(report=said.__setitem__)
    assert said["busy_s"] > 0
