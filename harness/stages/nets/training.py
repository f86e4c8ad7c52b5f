"""Training of a network for its heads: Adam, plateau schedule, best checkpoint by validation score, a stated budget."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from harness.errors import DataError
from harness.stages.nets.augment import Augmentation
from harness.stages.nets.compute import BusyTime, Compute
from harness.stages.nets.heads import Companion, Head, check_ignored, kept_voxels, parts_of
from harness.stages.nets.sampling import Patches, PatchFilter, Sampling, TrainingVolume, made_ahead, strided_places

if TYPE_CHECKING:
    import torch
    from torch import nn

Log = Callable[[str], None]
Augment = Callable[[np.ndarray, np.ndarray, np.random.Generator], tuple[np.ndarray, np.ndarray]]
Schedule = Literal["plateau", "cosine"]


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """How to train. Iterations are gradient steps; 0 in `max_epochs` or `max_seconds` means no such limit.

    A limit in seconds makes the result depend on the machine; one in iterations does not. The schedule "plateau" lowers
    the learning rate where the validation score rests, until it is below the smallest; "cosine" takes it down to 0 at
    the last iteration, whatever the score.
    """

    patch: tuple[int, ...]
    stride: tuple[int, ...]
    batch: int = 4
    sampling: Sampling = "strided"
    max_iterations: int = 150_000
    max_epochs: int = 1000
    max_seconds: float = 0.0
    validate_every: int = 500
    learning_rate: float = 1e-4
    weight_decay: float = 1e-5
    factor: float = 0.2
    patience: int = 20
    smallest_rate: float = 1e-6
    schedule: Schedule = "plateau"
    accept: PatchFilter = field(default_factory=PatchFilter)
    augmentation: Augment = field(default_factory=Augmentation)


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """A trained network with its best weights; `history` has iteration, loss, rate and scores of each validation."""

    network: nn.Module
    history: tuple[dict[str, float], ...]
    iterations: int
    best_iteration: int
    stopped: str


def train(
    network: nn.Module,
    heads: Sequence[Head],
    volumes: Sequence[TrainingVolume],
    validation: Sequence[TrainingVolume],
    *,
    plan: TrainingPlan,
    compute: Compute,
    seed: int,
    workers: int,
    log: Log,
    report: Callable[[str, float], None] = lambda name, value: None,
    companion: Companion | None = None,
) -> Trained:
    """Return a network trained on the volumes; the same arguments on the same machine give the same weights on a CPU.

    The network is built and trained under `compute.seeded`, for dropout draws from torch's generator. `report` is told
    as "busy_s" the seconds that the device worked on gradient steps. Losses of several heads are added up. The weights
    of the best mean score of the heads are kept; without validation volumes the last ones, and the learning rate stays.
    Voxels that a volume has ignored enter neither loss nor score; raises `ParameterError` for heads that need them.
    """
    placed = compute.place(network)
    run = _Run(placed, heads, volumes, validation, plan, compute, seed, log, companion or Companion())
    run.steps(workers)
    report("busy_s", run.busy.total_s())
    return run.result()


class _Run:
    def __init__(
        self,
        network: nn.Module,
        heads: Sequence[Head],
        volumes: Sequence[TrainingVolume],
        validation: Sequence[TrainingVolume],
        plan: TrainingPlan,
        compute: Compute,
        seed: int,
        log: Log,
        companion: Companion,
    ) -> None:
        import torch

        self.heads, self.companion = heads, companion
        self.network, self.plan, self.compute, self.log = network, plan, compute, log
        self.validation = validation
        self.patches = Patches(
            volumes, patch=plan.patch, stride=plan.stride, sampling=plan.sampling, accept=plan.accept, seed=seed
        )
        if any(volume.ignored is not None for volume in (*volumes, *validation)):
            check_ignored(heads)
        self.optimiser = torch.optim.Adam(network.parameters(), lr=plan.learning_rate, weight_decay=plan.weight_decay)
        rates = torch.optim.lr_scheduler
        self.plateau = rates.ReduceLROnPlateau(self.optimiser, mode="max", factor=plan.factor, patience=plan.patience)
        is_cosine = plan.schedule == "cosine"
        self.cosine = rates.CosineAnnealingLR(self.optimiser, self.limit()) if is_cosine else None
        self.scaler = torch.amp.GradScaler("cuda", enabled=compute.precision == "float16")
        self.history: list[dict[str, float]] = []
        self.best: dict[str, torch.Tensor] = {}
        self.best_score = -np.inf
        self.best_iteration = self.iteration = 0
        self.stopped = "iterations"
        self.busy = BusyTime(compute.device)

    def limit(self) -> int:
        """Return the number of iterations that the epochs and iterations allow, at least one."""
        patches = self.plan.max_epochs * self.patches.epoch
        return (
            min(self.plan.max_iterations, max(patches // self.plan.batch, 1)) if patches else self.plan.max_iterations
        )

    def batch(self, number: int) -> list[torch.Tensor]:
        """Return images and the targets of each head of the n-th batch, in pinned memory where a GPU will read them.

        Last comes which voxels are taught, bool (N, (Z) Y X), where not all are.
        """
        import torch

        made = []
        for index in range(number * self.plan.batch, (number + 1) * self.plan.batch):
            image, labels, rng = self.patches[index]
            image, labels = self.plan.augmentation(image, labels, rng)
            taught: tuple[np.ndarray, ...] = ()
            if self.patches.has_ignored:
                labels, kept = self.patches.split_ignored(labels)
                taught = (kept,)
            made.append((image, *(head.targets(labels) for head in self.heads), *taught))
        tensors = [torch.from_numpy(np.stack(arrays)) for arrays in zip(*made, strict=True)]
        return [tensor.pin_memory() for tensor in tensors] if self.compute.device.startswith("cuda") else tensors

    def steps(self, workers: int) -> None:
        """Train until a limit is reached."""
        limit = self.limit()
        started = time.perf_counter()
        losses: list[torch.Tensor] = []
        self.network.train()
        self.companion.begin(self.network)
        for number, (images, *made) in enumerate(made_ahead(self.batch, limit, workers=workers)):
            with self.busy.step():
                losses.append(self.step(images, made))
            self.iteration = number + 1
            out_of_time = 0 < self.plan.max_seconds <= time.perf_counter() - started
            if self.iteration % self.plan.validate_every == 0 or self.iteration == limit or out_of_time:
                self.note(float(sum(losses)) / len(losses))
                losses.clear()
            is_too_slow = self.cosine is None and self.rate() < self.plan.smallest_rate
            if out_of_time or is_too_slow:
                self.stopped = "seconds" if out_of_time else "learning rate"
                break
        self.report(time.perf_counter() - started)

    def step(self, images: torch.Tensor, made: Sequence[torch.Tensor]) -> torch.Tensor:
        """Make one gradient step and return the loss; without waiting for the device where all voxels are taught.

        `made` are the targets of each head, and last the voxels that are taught where not all are.
        """
        import torch

        self.optimiser.zero_grad(set_to_none=True)
        moved = self.compute.move(images)
        wanted = [self.compute.move(target) for target in made[: len(self.heads)]]
        with self.compute.autocast():
            raw = self.network(self.companion.seen(moved))
            beside = self.companion.loss(moved, raw, wanted)
        parts = parts_of(raw, self.heads)
        if self.patches.has_ignored:
            kept = self.compute.move(made[-1])
            parts, wanted = ([kept_voxels(maps, kept) for maps in side] for side in (parts, wanted))
        losses = [
            head.loss(part, target) if target.numel() else part.sum()  # 0: nothing of the batch is taught
            for head, part, target in zip(self.heads, parts, wanted, strict=True)
        ]
        loss = sum(losses[1:], losses[0]) if beside is None else sum(losses, beside)
        torch.autograd.backward(self.scaler.scale(loss))
        self.scaler.step(self.optimiser)
        self.scaler.update()
        self.companion.stepped(self.network)
        if self.cosine is not None:
            self.cosine.step()
        return loss.detach()

    def note(self, loss: float) -> None:
        """Write down the loss, validate, keep the best weights and adapt the learning rate."""
        self.busy.total_s()  # the loss has waited for the device: the events of these steps can go
        if not np.isfinite(loss):
            raise DataError(f"the training loss is {loss} at iteration {self.iteration}; lower the learning rate")
        entry = {"iteration": self.iteration, "loss": loss, "rate": self.rate()}
        if self.validation:
            scores = validation_scores(self.network, self.heads, self.validation, self.plan, self.compute)
            entry |= scores
            score = float(np.mean(list(scores.values())))
            if self.cosine is None:
                self.plateau.step(score)
            if score > self.best_score:
                self.best_score, self.best_iteration = score, self.iteration
                self.best = {name: tensor.clone() for name, tensor in self.network.state_dict().items()}
                self.companion.kept()
        self.history.append(entry)
        self.log(", ".join(f"{name} {value:.4g}" for name, value in entry.items()))

    def rate(self) -> float:
        """Return the present learning rate."""
        return float(self.optimiser.param_groups[0]["lr"])

    def report(self, elapsed_s: float) -> None:
        """Log how long training took and how busy the device was kept, validation counted as idle."""
        import torch

        share = self.busy.total_s() / elapsed_s if elapsed_s else 0.0
        line = f"{self.iteration} iterations in {elapsed_s:.1f} s, device busy with them for {share:.0%}"
        if self.compute.device.startswith("cuda"):
            line += f", peak device memory {torch.cuda.max_memory_allocated(self.compute.device) / 1e9:.2f} GB"
        self.log(f"{line}; stopped by {self.stopped}")

    def result(self) -> Trained:
        """Return the network with its best weights, in evaluation mode."""
        if self.best:
            self.network.load_state_dict(self.best)
        best = self.best_iteration if self.best else self.iteration
        return Trained(self.network.eval(), tuple(self.history), self.iteration, best, self.stopped)


def validation_scores(
    network: nn.Module, heads: Sequence[Head], volumes: Sequence[TrainingVolume], plan: TrainingPlan, compute: Compute
) -> dict[str, float]:
    """Return the score of each head, the mean over patches: the volumes cut into patches without overlap.

    Patches of which nothing is taught are left out.
    """
    import torch

    scores: dict[str, list[float]] = {head.name: [] for head in heads}
    network.eval()
    with torch.inference_mode(), compute.autocast():
        for volume in volumes:
            patch = tuple(min(a, b) for a, b in zip(plan.patch, volume.shape, strict=True))
            for place in strided_places(volume.shape, patch, patch):
                if volume.ignored is not None and volume.ignored_at(place).all():
                    continue
                raw = network(compute.tensor(volume.image[:, *place][np.newaxis]))
                for head, part in zip(heads, parts_of(raw, heads), strict=True):
                    target = compute.tensor(head.targets(volume.labels_at(place))[np.newaxis])
                    made = head.activation(part.float())
                    if volume.ignored is not None:
                        kept = torch.from_numpy(~volume.ignored_at(place)[np.newaxis]).to(made.device)
                        made, target = kept_voxels(made, kept), kept_voxels(target, kept)
                    scores[head.name].append(float(head.score(made, target)))
    network.train()
    return {name: float(np.mean(values)) for name, values in scores.items()}


def history_json(trained: Trained) -> dict[str, Any]:
    """Return what to keep beside the weights: no times, so that equal trainings leave equal files."""
    return {
        "iterations": trained.iterations,
        "best_iteration": trained.best_iteration,
        "stopped": trained.stopped,
        "history": [dict(entry) for entry in trained.history],
    }
