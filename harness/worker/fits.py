"""Models made by `fit`: trained once per content key, shared by rows, samples and runs, guarded by a file lock.

Weights with a recipe are such models too, trained when the first stage that names them is loaded or fitted.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from harness.clock import timed
from harness.errors import ChainError, StoreError
from harness.hashing import derive_seed, hash_folder, hash_value
from harness.jobs.failures import NotApplicableError
from harness.jobs.messages import Recipe, Resumed, StageBegun, Waiting, WeightsSource
from harness.memory import Usage, device_watched
from harness.model import Grid, StageSpec
from harness.stages.contract import Example, Stage
from harness.store.lock import ExclusiveLock
from harness.worker.bench import Workbench
from harness.worker.cache import Setting
from harness.worker.facts import Facts
from harness.worker.sources import Source

SCHEMA = 4
POLL_S = 0.05
"""How often a worker looks whether another one has finished the model it needs."""


@dataclass(frozen=True, slots=True)
class FitCost:
    """What a training took; all None for a model that was not made in this setting. See `StageTiming`."""

    seconds: float | None = None
    cpu_s: float | None = None
    busy_s: float | None = None
    peak_bytes: int | None = None
    device_peak_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Fitted:
    """The product of `fit`: its folder, the hash of its content, where it was made, what making it took and told."""

    folder: Path
    hash: str
    made: Setting
    cost: FitCost
    is_cached: bool
    facts: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class LazyExample:
    """A training sample whose slots are made only if a model must be trained."""

    inputs: dict[str, Source]
    truth: Source
    grid: Callable[[], Grid]

    def keys(self) -> list[object]:
        """Return what identifies the example."""
        return [{slot: source.key for slot, source in self.inputs.items()}, self.truth.key]

    def make(self) -> Example:
        """Return the example with its arrays."""
        return Example({slot: source.volume() for slot, source in self.inputs.items()}, self.truth.volume())


@dataclass(frozen=True, slots=True, eq=False)
class FitJob:
    """A stage to train, its examples, its seed, its weight files, and the seed of what rows draw alike."""

    spec: StageSpec
    training: Sequence[LazyExample]
    validation: Sequence[LazyExample]
    seed: int
    weights: dict[str, WeightsSource]
    draw: int = 0

    @property
    def key(self) -> str:
        """The content address of the model."""
        return hash_value(
            {
                "stage": self.spec.to_json(),
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
    place = bench.models / key[:2] / key
    found = _find(bench, place, job)
    if found is not None:
        return found
    lock = ExclusiveLock(place.with_suffix(".lock"))
    _take(lock, bench, job.spec.id)
    try:
        found = _find(bench, place, job)
        return found if found is not None else _fit(bench, place, job)
    finally:
        lock.release()


def _take(lock: ExclusiveLock, bench: Workbench, stage: str) -> None:
    """Take a lock. Waiting does not count as the cell's time while the process that took the lock lives.

    A lock may outlive that process, in one that it forked: then the cell's deadline ends the wait.
    """
    is_paused = False
    while not lock.acquire():
        if lock.is_held_by_the_living() != is_paused:
            is_paused = not is_paused
            bench.report(Waiting(stage) if is_paused else Resumed(stage))
        time.sleep(POLL_S)
    if is_paused:
        bench.report(Resumed(stage))


def _find(bench: Workbench, place: Path, job: FitJob) -> Fitted | None:
    """Return a finished model; a spoilt one is removed, which is said, and None returned."""
    try:
        meta = json.loads((place / "meta.json").read_bytes())
        if meta["schema"] != SCHEMA:
            raise ValueError(f"its description has schema {meta['schema']}; accepted: {SCHEMA}")
        setting, cost, facts = Setting(**meta["setting"]), FitCost(**meta["cost"]), dict(meta["facts"])
        if hash_folder(place / "model") != meta["hash"]:
            raise ValueError("its files have changed")
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        bench.log(f"model {job.key[:12]} of stage '{job.spec.id}' is spoilt ({error}); training it again")
        shutil.rmtree(place, ignore_errors=True)
        return None
    stage = bench.create(job.spec)
    is_here = setting == bench.setting(bench.device_of(stage))
    return Fitted(place / "model", meta["hash"], setting, cost if is_here else FitCost(), True, facts)


def _fit(bench: Workbench, place: Path, job: FitJob) -> Fitted:
    stage = bench.create(job.spec)
    if not job.training:
        raise ChainError(f"stage '{job.spec.id}' trains, and its fold has no training samples")
    for example in (*job.training, *job.validation):
        check_dimensions(stage, example.grid())
    training = [example.make() for example in job.training]
    validation = [example.make() for example in job.validation]
    weights = located(bench, job.weights)
    bench.report(StageBegun(job.spec.id))
    device = bench.device_of(stage)
    bench.explain_device(stage, device)
    partial = place.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)  # of a worker that was killed; the lock is ours
    try:
        (partial / "model").mkdir(parents=True)
        watched = device_watched(device, stage.needs)
        facts = Facts(job.spec.id)
        with Usage(device=watched, ignore=bench.spared) as usage, bench.scratch() as scratch:
            grid = job.training[0].grid()
            context = bench.context(
                grid, job.seed, scratch, device, weights=weights, report=facts.report, draw=job.draw
            )
            with bench.state.guarded(job.spec.id, job.seed):
                _, seconds = timed(lambda: stage.fit(training, validation, context, partial / "model"), device=device)
        content, setting = hash_folder(partial / "model"), bench.setting(device)
        cost = FitCost(seconds, usage.cpu_s, facts.busy_s, usage.peak_bytes, usage.device_peak_bytes)
        fitted = Fitted(place / "model", content, setting, cost, False, facts.numbers())
        _write_meta(partial, fitted)
        partial.rename(place)
    except OSError as error:
        shutil.rmtree(partial, ignore_errors=True)
        raise StoreError(f"{bench.models}: a model cannot be kept ({error.strerror or error})") from error
    return fitted


def _write_meta(folder: Path, fitted: Fitted) -> None:
    meta = {
        "schema": SCHEMA,
        "hash": fitted.hash,
        "cost": asdict(fitted.cost),
        "facts": dict(fitted.facts),
        "setting": asdict(fitted.made),
    }
    (folder / "meta.json").write_text(json.dumps(meta), encoding="utf-8")


def located(bench: Workbench, weights: Mapping[str, WeightsSource]) -> dict[str, Path]:
    """Return where the file or folder of each source lies; those with a recipe are trained now or found trained."""
    return {
        name: fit_or_find(bench, _recipe_job(bench, source.recipe)).folder if source.recipe else Path(source.path)
        for name, source in weights.items()
    }


def _recipe_job(bench: Workbench, recipe: Recipe) -> FitJob:
    data = recipe.data
    seed = derive_seed("recipe", data.to_json(), recipe.training, recipe.validation, recipe.spec.to_json())

    def example(sample: str) -> LazyExample:
        slots = bench.samples.slots(data, sample, truth=data.truth)

        def grid() -> Grid:
            return bench.samples.sample(data.dataset, sample, data.channels).image.grid

        return LazyExample({"image": slots["image"]}, slots["truth"], grid)

    training, validation = ([example(name) for name in names] for names in (recipe.training, recipe.validation))
    return FitJob(recipe.spec, training, validation, seed, {}, seed)


def check_dimensions(stage: Stage, grid: Grid) -> None:
    """Raise `NotApplicableError` if a stage does not work on images of this many dimensions."""
    if len(grid.axes) not in stage.dimensions:
        accepted = " or ".join(f"{n}D" for n in stage.dimensions)
        raise NotApplicableError(f"stage '{stage.id}' works on {accepted} images; this sample is {len(grid.axes)}D")


def stage_weights(stage: Stage, resolved: Mapping[str, WeightsSource]) -> dict[str, WeightsSource]:
    """Return the resolved source of each non-empty "weights" parameter of a stage."""
    named = {p.name: str(stage.options[p.name]) for p in stage.parameters if p.kind == "weights"}
    return {name: resolved[value] for name, value in named.items() if value}
