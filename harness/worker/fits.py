"""Models made by `fit`: trained once per content key, shared by rows, samples and runs, guarded by a file lock.

Weights with a recipe are such models too, trained when the first stage that names them is loaded or fitted.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness.clock import timed
from harness.errors import ChainError
from harness.hashing import derive_seed, hash_value
from harness.identity import library_versions
from harness.jobs.failures import NotApplicableError
from harness.jobs.messages import Recipe, Resumed, StageBegun, Waiting, WeightsSource
from harness.memory import Usage
from harness.model import Grid, StageSpec
from harness.stages.contract import Example, Stage
from harness.stages.slots import TRUTH
from harness.store.lock import ExclusiveLock
from harness.worker.bench import Workbench
from harness.worker.cache import CorruptEntryError
from harness.worker.facts import Facts
from harness.worker.models import FitCost, Model
from harness.worker.sources import Source

POLL_S = 0.05
"""How often a worker looks whether another one has finished the model it needs."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """The product of `fit`: the model, and whether it was there already."""

    model: Model
    is_cached: bool


@dataclass(frozen=True, slots=True, eq=False)
class LazyExample:
    """A training sample whose slots are made only if a model must be trained; `ignored` is where nothing is taught."""

    inputs: dict[str, Source]
    targets: dict[str, Source]
    grid: Callable[[], Grid]
    ignored: Source | None = None

    def keys(self) -> list[object]:
        """Return what identifies the example."""
        keys: list[object] = [
            {slot: source.key for slot, source in part.items()} for part in (self.inputs, self.targets)
        ]
        return keys if self.ignored is None else [*keys, {"ignored": self.ignored.key}]

    def make(self) -> Example:
        """Return the example with its arrays."""
        inputs, targets = (
            {slot: source.volume() for slot, source in part.items()} for part in (self.inputs, self.targets)
        )
        return Example(inputs, targets, None if self.ignored is None else self.ignored.volume())


@dataclass(frozen=True, slots=True, eq=False)
class FitJob:
    """A stage to train, its examples, its seed, its weight files, the seed of what rows draw alike, its libraries."""

    spec: StageSpec
    training: Sequence[LazyExample]
    validation: Sequence[LazyExample]
    seed: int
    weights: dict[str, WeightsSource]
    draw: int = 0
    needs: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The content address of the model."""
        return hash_value(
            {
                "stage": {**self.spec.fit_json(), "code": self.spec.origin.code},
                "libraries": library_versions(self.needs),
                "training": [example.keys() for example in self.training],
                "validation": [example.keys() for example in self.validation],
                "seed": self.seed,
                "draw": self.draw,
                "weights": {name: source.hash for name, source in self.weights.items()},
            }
        )


def fit_or_find(bench: Workbench, job: FitJob) -> Fitted:
    """Return the model of a fit, trained now if no worker has trained it before.

    A worker that finds another one training the same model waits for it.
    """
    key = job.key
    found = _find(bench, key, job)
    if found is not None:
        return found
    lock = bench.models.lock(key)
    _take(lock, bench, job.spec.id)
    try:
        found = _find(bench, key, job)
        return found if found is not None else Fitted(_fit(bench, key, job), is_cached=False)
    finally:
        lock.release()


def _take(lock: ExclusiveLock, bench: Workbench, stage: str) -> None:
    """Take a lock. Waiting does not count as the cell's time while the process that took the lock lives.

    A lock may outlive that process, in one that it forked: then the cell's deadline ends the wait.
    """
    is_paused = is_said = False
    while not lock.acquire():
        if lock.advice() and not is_said:
            is_said = True
            bench.log(f"stage '{stage}': waiting for the model that {lock.holder()} trains{lock.advice()}")
        if lock.is_held_by_the_living() != is_paused:
            is_paused = not is_paused
            bench.report(Waiting(stage) if is_paused else Resumed(stage))
        time.sleep(POLL_S)
    if is_paused:
        bench.report(Resumed(stage))


def _find(bench: Workbench, key: str, job: FitJob) -> Fitted | None:
    """Return a finished model, with its cost if it was made in this setting; a spoilt one is removed, which is said."""
    try:
        model = bench.models.find(key)
    except CorruptEntryError as error:
        bench.log(f"model {key[:12]} of stage '{job.spec.id}' is spoilt ({error}); training it again")
        bench.models.drop(key)
        return None
    if model is None:
        return None
    is_here = model.made == bench.setting(bench.device_of(bench.create(job.spec)))
    return Fitted(model if is_here else replace(model, cost=FitCost()), is_cached=True)


def _fit(bench: Workbench, key: str, job: FitJob) -> Model:
    stage = bench.create(job.spec)
    if not job.training:
        raise ChainError(f"stage '{job.spec.id}' trains, and its fold has no training samples")
    for example in (*job.training, *job.validation):
        check_dimensions(stage, example.grid())
    training = [example.make() for example in job.training]
    validation = [example.make() for example in job.validation]
    weights = located(bench, job.weights)
    bench.report(StageBegun(job.spec.called))
    device = bench.device_of(stage)
    bench.explain_device(stage, device)
    facts, grid, draft = Facts(job.spec.id), job.training[0].grid(), bench.models.draft(key)
    try:
        with (
            Usage(device=device, ignore=bench.spared) as usage,
            bench.scratch() as scratch,
        ):
            context = bench.context(
                grid, job.seed, scratch, device, weights=weights, report=facts.report, draw=job.draw
            )
            with bench.state.guarded(job.spec.id, job.seed):
                _, seconds = timed(lambda: stage.fit(training, validation, context, draft), device=device)
    except BaseException:
        bench.models.discard(draft)
        raise
    cost = FitCost(seconds, usage.cpu_s, facts.busy_s, usage.peak_bytes, usage.device_peak_bytes)
    return bench.models.keep(key, draft, bench.setting(device), cost, facts.numbers())


def located(bench: Workbench, weights: Mapping[str, WeightsSource]) -> dict[str, Path]:
    """Return where the file or folder of each source lies; those with a recipe are trained now or found trained."""
    return {
        name: fit_or_find(bench, _recipe_job(bench, source.recipe)).model.folder if source.recipe else Path(source.path)
        for name, source in weights.items()
    }


def _recipe_job(bench: Workbench, recipe: Recipe) -> FitJob:
    data = recipe.data
    seed = derive_seed("recipe", data.to_json(), recipe.training, recipe.validation, recipe.spec.fit_json())

    def example(sample: str) -> LazyExample:
        slots = bench.samples.slots(data, sample, truth=data.truth)

        def grid() -> Grid:
            return bench.samples.sample(data.dataset, sample, data.channels).image.grid

        ignored = bench.samples.ignored(data, sample, slots[TRUTH], bench.samples.declared_ignore(data.dataset))
        return LazyExample({"image": slots["image"]}, {TRUTH: slots[TRUTH]}, grid, ignored)

    training, validation = ([example(name) for name in names] for names in (recipe.training, recipe.validation))
    stage = bench.create(recipe.spec)
    bases = stage_weights(stage, recipe.weights)
    return FitJob(recipe.spec, training, validation, seed, bases, seed, stage.needs)


def check_dimensions(stage: Stage, grid: Grid) -> None:
    """Raise `NotApplicableError` if a stage does not work on images of this many dimensions."""
    if len(grid.axes) not in stage.dimensions:
        accepted = " or ".join(f"{n}D" for n in stage.dimensions)
        raise NotApplicableError(f"stage '{stage.id}' works on {accepted} images; this sample is {len(grid.axes)}D")


def stage_weights(stage: Stage, resolved: Mapping[str, WeightsSource]) -> dict[str, WeightsSource]:
    """Return the resolved source of each non-empty "weights" parameter of a stage."""
    named = {p.name: str(stage.options[p.name]) for p in stage.parameters if p.kind == "weights"}
    return {name: resolved[value] for name, value in named.items() if value}
