"""Training of a promptable network: prompts drawn anew for every image, warm-up and cosine decay, best weights kept."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.errors import DataError
from harness.stages.nets.compute import BusyTime, Compute
from harness.stages.prompting.examples import Drawn, LabelledPlane, Sampling, draw, prepared
from harness.stages.prompting.layout import SamSpec
from harness.stages.prompting.losses import LossWeights, overlap, prompt_loss
from harness.stages.prompting.outlines import outlines

if TYPE_CHECKING:
    import torch
    from torch import nn

Log = Callable[[str], None]
BOXES = Sampling(box_share=1.0, jitter=0.0)
"""The prompts of a validation: the boxes of every object as they are."""


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """How to train. An iteration is a gradient step on `batch` images."""

    iterations: int
    batch: int
    learning_rate: float
    weight_decay: float
    warmup: int
    validate_every: int
    freeze_encoder: bool
    sampling: Sampling
    loss: LossWeights

    def rate(self, iteration: int) -> float:
        """Return the learning rate of an iteration: rising to the full one, then falling to 0 along a cosine."""
        if iteration < self.warmup:
            return self.learning_rate * (iteration + 1) / self.warmup
        done = (iteration - self.warmup) / max(self.iterations - self.warmup, 1)
        return self.learning_rate * (1 + math.cos(math.pi * done)) / 2


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """A trained network with its best weights; `history` has iteration, loss and mean IoU of each validation."""

    network: nn.Module
    history: tuple[dict[str, float], ...]
    best_iteration: int


def train(
    network: nn.Module,
    spec: SamSpec,
    planes: Sequence[LabelledPlane],
    validation: Sequence[LabelledPlane],
    *,
    plan: TrainingPlan,
    compute: Compute,
    seed: int,
    log: Log,
    report: Callable[[str, float], None],
) -> Trained:
    """Return a network trained on planes with objects; equal arguments on one CPU give equal weights.

    The weights of the best mean IoU of validation boxes are kept, without validation planes the last ones. Raises
    `DataError` if the loss is no number.
    """
    run = _Run(compute.place(network), spec, plan, compute, seed, log)
    run.steps(planes, validation)
    report("busy_s", run.busy.total_s())
    return run.result()


class _Run:
    def __init__(
        self, network: nn.Module, spec: SamSpec, plan: TrainingPlan, compute: Compute, seed: int, log: Log
    ) -> None:
        import torch

        self.network: Any = network
        self.spec, self.plan, self.compute, self.seed, self.log = spec, plan, compute, seed, log
        if plan.freeze_encoder:
            self.network.vision_encoder.requires_grad_(False)
        learnt = [parameter for parameter in network.parameters() if parameter.requires_grad]
        self.optimiser = torch.optim.AdamW(learnt, lr=plan.learning_rate, weight_decay=plan.weight_decay)
        self.history: list[dict[str, float]] = []
        self.best: dict[str, torch.Tensor] = {}
        self.best_score, self.best_iteration = -math.inf, 0
        self.busy = BusyTime(compute.device)

    def steps(self, planes: Sequence[LabelledPlane], validation: Sequence[LabelledPlane]) -> None:
        """Make every gradient step, with validations in between and at the end."""
        started, losses = time.perf_counter(), []
        self.network.train()
        for iteration in range(self.plan.iterations):
            images = [
                draw(planes, self.plan.sampling, self.spec.image_size, np.random.default_rng([self.seed, number]))
                for number in range(iteration * self.plan.batch, (iteration + 1) * self.plan.batch)
            ]
            with self.busy.step():
                losses.append(self.step(images, iteration))
            done = iteration + 1
            if done % self.plan.validate_every == 0 or done == self.plan.iterations:
                self.note(done, float(np.mean([float(loss) for loss in losses])), validation)
                losses.clear()
        self.log(f"{self.plan.iterations} iterations in {time.perf_counter() - started:.1f} s")

    def step(self, images: Sequence[Drawn], iteration: int) -> torch.Tensor:
        """Make one gradient step and return the loss without waiting for the device."""
        import torch

        for group in self.optimiser.param_groups:
            group["lr"] = self.plan.rate(iteration)
        self.optimiser.zero_grad(set_to_none=True)
        loss = torch.stack(
            [self._loss(image, found) for image, found in zip(images, self._encode(images), strict=True)]
        )
        mean = loss.mean()
        torch.autograd.backward(mean)
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimiser.step()
        return mean.detach()

    def _encode(self, images: Sequence[Drawn]) -> torch.Tensor:
        with self.compute.autocast():
            stacked = self.compute.tensor(np.stack([image.image for image in images]))
            features: torch.Tensor = self.network.vision_encoder(stacked).last_hidden_state
        return features

    def _loss(self, image: Drawn, features: torch.Tensor) -> torch.Tensor:
        logits, scores = self._decode(image, features)
        target = self.compute.tensor(image.masks.astype(np.float32))[:, None]
        return prompt_loss(logits, scores, target, self.plan.loss)

    def _decode(self, image: Drawn, features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return logits (prompts, masks, height, width) of the part that the image takes, and predicted IoU."""
        import torch.nn.functional as functional

        def placed(array: np.ndarray | None) -> torch.Tensor | None:
            return None if array is None else self.compute.tensor(array)[None]

        with self.compute.autocast():
            sparse, dense = self.network.prompt_encoder(
                input_points=placed(image.points),
                input_labels=placed(image.labels),
                input_boxes=placed(image.boxes),
                input_masks=None,
            )
            logits, scores = self.network.mask_decoder(
                image_embeddings=features[None],
                image_positional_embeddings=self.network.get_image_wide_positional_embeddings(),
                sparse_prompt_embeddings=sparse,
                dense_prompt_embeddings=dense,
                multimask_output=image.several,
            )
        size = (self.spec.image_size, self.spec.image_size)
        large = functional.interpolate(logits[0].float(), size, mode="bilinear", align_corners=False)
        return large[..., : image.fitted[0], : image.fitted[1]], scores[0].float()

    def note(self, iteration: int, loss: float, validation: Sequence[LabelledPlane]) -> None:
        """Write down the loss, validate, and keep the best weights."""
        if not np.isfinite(loss):
            raise DataError(f"the training loss is {loss} at iteration {iteration}; lower the learning rate")
        entry = {"iteration": float(iteration), "loss": loss}
        if validation:
            entry["iou"] = self.validated(validation)
            if entry["iou"] > self.best_score:
                self.best_score, self.best_iteration = entry["iou"], iteration
                self.best = {name: tensor.clone() for name, tensor in self.network.state_dict().items()}
        self.history.append(entry)
        self.log(", ".join(f"{name} {value:.4g}" for name, value in entry.items()))

    def validated(self, planes: Sequence[LabelledPlane]) -> float:
        """Return the mean IoU of the masks of the boxes of every object."""
        import torch

        found: list[float] = []
        self.network.eval()
        with torch.inference_mode():
            for plane in planes:
                objects = outlines(plane.labels)
                every = range(len(objects))
                rng = np.random.default_rng(self.seed)  # draws nothing that counts: boxes are taken as they are
                image = prepared(plane.rgb, plane.labels, objects, every, BOXES, self.spec.image_size, rng)
                logits, _ = self._decode(image, self._encode([image])[0])
                target = self.compute.tensor(image.masks.astype(np.float32))[:, None]
                found += overlap(logits, target).flatten().tolist()
        self.network.train()
        return float(np.mean(found))

    def result(self) -> Trained:
        """Return the network with its best weights, in evaluation mode."""
        if self.best:
            self.network.load_state_dict(self.best)
        best = self.best_iteration if self.best else self.plan.iterations
        return Trained(self.network.eval(), tuple(self.history), best)
