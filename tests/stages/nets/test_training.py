from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import ndimage

from harness.errors import DataError, ParameterError
from harness.stages.nets import training
from harness.stages.nets.augment import Augmentation
from harness.stages.nets.build import build_network
from harness.stages.nets.compute import BusyTime, choose, seeded, standardised
from harness.stages.nets.heads import Companion, Head, unchanged
from harness.stages.nets.networks import NetworkSpec
from harness.stages.nets.sampling import PatchFilter, TrainingVolume
from harness.stages.nets.training import Trained, TrainingPlan, history_json, train
from harness.stages.nets.twin import MomentumTwin
from harness.stages.unet.heads import boundary_head
from harness.stages.unet.targets import training_targets

SPEC = NetworkSpec(ndim=2, f_maps=(8, 16, 32))
HEADS = (boundary_head(("foreground", "boundary")),)
PLAN = TrainingPlan((32, 32), (16, 16), batch=2, max_iterations=4, validate_every=2, learning_rate=1e-3)


def disks(seed: int, shape: tuple[int, int] = (64, 64)) -> TrainingVolume:
    rng = np.random.default_rng(seed)
    grid = np.indices(shape)
    labels = np.zeros(shape, dtype=np.int32)
    for number in range(1, 10):
        y, x = rng.integers(0, shape[0]), rng.integers(0, shape[1])
        labels[(grid[0] - y) ** 2 + (grid[1] - x) ** 2 < 49] = number
    image = (labels > 0) + 0.2 * rng.standard_normal(shape)
    return TrainingVolume(standardised(image[None]), labels)


def trained(plan: TrainingPlan = PLAN, *, seed: int = 1, workers: int = 1, validation: bool = True) -> Trained:
    lines: list[str] = []
    with seeded(seed):
        return train(
            build_network(SPEC),
            HEADS,
            [disks(0), disks(1)],
            [disks(2)] if validation else [],
            plan=plan,
            compute=choose("cpu", "auto", 2),
            seed=seed,
            workers=workers,
            log=lines.append,
        )


def weights(result: Trained) -> list[torch.Tensor]:
    return list(result.network.state_dict().values())


def test_equal_seeds_give_equal_weights() -> None:
    before = torch.random.get_rng_state()
    one, two, other = trained(), trained(workers=3), trained(seed=2)
    assert all(torch.equal(a, b) for a, b in zip(weights(one), weights(two), strict=True))
    assert one.history == two.history
    assert not all(torch.equal(a, b) for a, b in zip(weights(one), weights(other), strict=True))
    assert torch.equal(before, torch.random.get_rng_state())


def test_measured_steps_do_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    unread, most = 0, 0

    class Counted(BusyTime):
        @contextmanager
        def step(self) -> Iterator[None]:
            nonlocal unread, most
            unread += 1
            most = max(most, unread)
            with super().step():
                yield

        def total_s(self) -> float:
            nonlocal unread
            unread = 0
            return super().total_s()

    monkeypatch.setattr(training, "BusyTime", Counted)
    trained(replace(PLAN, max_iterations=6), validation=False)
    assert most == PLAN.validate_every


def spoilt(volume: TrainingVolume, ignored: np.ndarray) -> TrainingVolume:
    """The volume with one wrong object wherever it is to be ignored."""
    return replace(volume, labels=np.where(ignored, 77, volume.labels).astype(np.int32), ignored=ignored)


def test_what_is_ignored_is_neither_taught_nor_scored() -> None:
    ignored = np.zeros((64, 64), bool)
    ignored[:, :24] = True
    inner = np.zeros((64, 64), bool)
    inner[:, :22] = True  # a wrong object ends where its boundary is ignored too

    def histories(learn: TrainingVolume, watch: TrainingVolume) -> Trained:
        with seeded(1):
            return train(
                build_network(SPEC),
                HEADS,
                [learn],
                [watch],
                plan=replace(PLAN, accept=PatchFilter(0, 1), augmentation=NO_NOISE),
                compute=choose("cpu", "auto", 2),
                seed=1,
                workers=1,
                log=lambda line: None,
            )

    clean = histories(replace(disks(0), ignored=ignored), replace(disks(2), ignored=ignored))
    wrong = histories(
        replace(spoilt(disks(0), inner), ignored=ignored), replace(spoilt(disks(2), inner), ignored=ignored)
    )
    taught = histories(spoilt_labels(disks(0), inner), spoilt_labels(disks(2), inner))
    assert wrong.history == clean.history
    assert all(torch.equal(a, b) for a, b in zip(weights(wrong), weights(clean), strict=True))
    assert taught.history != clean.history


def spoilt_labels(volume: TrainingVolume, where: np.ndarray) -> TrainingVolume:
    """The same with the wrong object taught."""
    return replace(spoilt(volume, where), ignored=None)


NO_NOISE = Augmentation(elastic=0.0, gaussian=0.0, poisson=0.0, degrees=0.0)


def test_a_batch_of_which_nothing_is_taught_changes_no_loss() -> None:
    nothing = replace(disks(0), ignored=np.ones((64, 64), bool))
    with seeded(1):
        result = train(
            build_network(SPEC),
            HEADS,
            [nothing],
            [replace(disks(2), ignored=np.arange(4096).reshape(64, 64) > 0)],
            plan=replace(PLAN, accept=PatchFilter(0, 1)),
            compute=choose("cpu", "auto", 2),
            seed=1,
            workers=1,
            log=lambda line: None,
        )
    assert [entry["loss"] for entry in result.history] == [0.0, 0.0]


def test_heads_that_need_every_voxel_refuse_what_is_ignored() -> None:
    with pytest.raises(ParameterError, match="cannot leave out those to be ignored"):
        train(
            build_network(SPEC),
            [replace(HEADS[0], voxelwise=False)],
            [disks(0)],
            [replace(disks(2), ignored=np.eye(64, dtype=bool))],
            plan=PLAN,
            compute=choose("cpu", "auto", 2),
            seed=1,
            workers=1,
            log=lambda line: None,
        )


def test_history_and_budget() -> None:
    result = trained()
    assert [entry["iteration"] for entry in result.history] == [2, 4]
    assert set(result.history[0]) == {"iteration", "loss", "rate", "dice"}
    assert (result.iterations, result.stopped) == (4, "iterations")
    assert result.best_iteration == max(result.history, key=lambda entry: entry["dice"])["iteration"]
    assert not result.network.training
    assert history_json(result)["history"] == list(result.history)


def test_without_validation_the_last_weights_stay() -> None:
    result = trained(validation=False)
    assert result.best_iteration == 4
    assert "dice" not in result.history[0]


def test_limits() -> None:
    assert trained(replace(PLAN, max_epochs=1, max_iterations=100)).iterations == 9
    assert trained(replace(PLAN, sampling="random", max_epochs=1)).iterations == 4
    assert trained(replace(PLAN, stride=(99, 99), batch=20, max_epochs=1)).iterations == 1, "less than one batch"
    late = trained(replace(PLAN, max_seconds=1e-9, max_iterations=100))
    assert (late.iterations, late.stopped, len(late.history)) == (1, "seconds", 1)


def test_a_plateau_lowers_the_rate_until_training_stops() -> None:
    plan = replace(PLAN, learning_rate=1e-7, validate_every=1, patience=0, factor=0.05, smallest_rate=1e-8)
    result = trained(replace(plan, max_iterations=50))
    assert result.stopped == "learning rate"
    assert result.iterations < 50


def test_a_cosine_takes_the_rate_to_nothing_at_the_last_iteration() -> None:
    plan = replace(PLAN, schedule="cosine", max_iterations=4, validate_every=1, smallest_rate=1.0)
    result = trained(plan)
    assert result.stopped == "iterations"
    rates = [entry["rate"] for entry in result.history]
    np.testing.assert_allclose(rates, [1e-3 * (1 + np.cos(np.pi * done / 4)) / 2 for done in (1, 2, 3, 4)], atol=1e-12)


def test_divergence_is_an_error() -> None:
    with pytest.raises(DataError, match="lower the learning rate"):
        trained(replace(PLAN, learning_rate=float("inf"), max_iterations=6))


def test_the_device_share_is_reported() -> None:
    lines: list[str] = []
    told: list[tuple[str, float]] = []
    compute = choose("cpu", "auto", 2)
    start = time.perf_counter()
    train(
        build_network(SPEC),
        HEADS,
        [disks(0)],
        [],
        plan=PLAN,
        compute=compute,
        seed=0,
        workers=1,
        log=lines.append,
        report=lambda name, value: told.append((name, value)),
    )
    [(name, busy_s)] = told
    assert name == "busy_s"
    assert 0 < busy_s < time.perf_counter() - start
    assert "device busy with them for" in lines[-1]
    assert lines[-1].endswith("stopped by iterations")


def test_training_learns_disks() -> None:
    result = trained(replace(PLAN, max_iterations=80, validate_every=20, batch=4))
    assert result.history[-1]["loss"] < 0.5 * result.history[0]["loss"]
    assert max(entry["dice"] for entry in result.history) > 0.8


def nuclei_and_cells(seed: int) -> TrainingVolume:
    volume = disks(seed)
    wider = ndimage.maximum_filter(volume.labels, size=7)
    return TrainingVolume(volume.image, np.stack([volume.labels, wider]))


def distances(labels: np.ndarray) -> np.ndarray:
    return ndimage.distance_transform_edt(labels[1] > 0)[np.newaxis].astype(np.float32)


def squares(raw: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.mse_loss(raw.float(), target)


def less_is_better(made: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    return 1 - squares(made, target)


NUCLEI = replace(
    HEADS[0], name="nuclei", targets=lambda labels: training_targets(labels[0], ("foreground", "boundary"))
)
DISTANCE = Head("distance", "distance", ("distance",), unchanged, distances, squares, less_is_better)


def several(heads: tuple[Head, ...], channels: int, companion: Companion | None = None, steps: int = 20) -> Trained:
    with seeded(3):
        return train(
            build_network(replace(SPEC, out_channels=channels)),
            heads,
            [nuclei_and_cells(0), nuclei_and_cells(1)],
            [nuclei_and_cells(2)],
            plan=replace(PLAN, max_iterations=steps, validate_every=steps // 2),
            compute=choose("cpu", "auto", 2),
            seed=3,
            workers=2,
            log=lambda line: None,
            companion=companion,
        )


def test_two_heads_learn_two_label_images() -> None:
    result = several((NUCLEI, DISTANCE), 3)
    assert set(result.history[0]) == {"iteration", "loss", "rate", "nuclei", "distance"}
    assert result.history[-1]["loss"] < result.history[0]["loss"]
    assert result.history[-1]["distance"] > result.history[0]["distance"]
    best = max(result.history, key=lambda entry: entry["nuclei"] + entry["distance"])
    assert result.best_iteration == best["iteration"]


def test_a_distance_head_is_a_value_too() -> None:
    result = several((DISTANCE,), 1)
    assert result.history[-1]["distance"] > result.history[0]["distance"]


def apart(raw: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Pull pixels to the mean embedding of their object (pull term of arXiv:1708.02551)."""
    embeddings, ids = raw.float().movedim(1, 0).flatten(1), target[:, 0].flatten().long()
    means = [embeddings[:, ids == number].mean(dim=1, keepdim=True) for number in ids.unique()]
    return torch.stack(
        [
            (embeddings[:, ids == number] - mean).square().sum(dim=0).mean()
            for number, mean in zip(ids.unique(), means, strict=True)
        ]
    ).mean()


EMBEDDING = Head(
    "embedding",
    "embedding",
    tuple(f"e{number}" for number in range(4)),
    unchanged,
    lambda labels: labels[:1].astype(np.float32),
    apart,
    lambda made, target: -apart(made, target),
)


def test_an_embedding_network_with_a_momentum_twin() -> None:
    twin = MomentumTwin(lambda fast, slow, targets: squares(fast, slow), momentum=0.5)
    result = several((EMBEDDING,), 4, twin)
    assert result.history[-1]["embedding"] > result.history[0]["embedding"]
    alone = several((EMBEDDING,), 4)
    assert not all(torch.equal(a, b) for a, b in zip(weights(result), weights(alone), strict=True))
    assert all(parameter.grad is None for parameter in twin.twin.parameters())
