"""One stage of a chain on one sample: what it is, what identifies its output, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from harness.hashing import derive_seed, hash_value
from harness.identity import library_versions
from harness.jobs.messages import WeightsSource
from harness.model import Grid, StageSpec
from harness.stages.contract import Stage
from harness.stages.values import Value
from harness.store.records import StageRecord, StageTiming
from harness.worker.bench import Workbench
from harness.worker.cache import CacheEntry, Made, Setting, output_hash, timing_here
from harness.worker.fits import Fitted, stage_weights
from harness.worker.sources import Source


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """A stage with its inputs, before anything of it is computed.

    inputs   the slots the stage reads
    grid     gives the sample's own grid, before any resampling stage
    weights  the resolved source of each "weights" parameter that is not empty
    key      the content address of the output
    """

    spec: StageSpec
    stage: Stage
    inputs: Mapping[str, Source]
    grid: Callable[[], Grid]
    weights: Mapping[str, WeightsSource]
    fitted: Fitted | None
    seed: int
    device: str
    key: str

    @property
    def model_folder(self) -> Path | None:
        """Where `fit` has written the stage's model; None for a stage that does not train."""
        return self.fitted.model.folder if self.fitted else None

    def slot_key(self, slot: str) -> str:
        """Return the content address of one output slot."""
        return hash_value([self.key, slot])


def describe(
    bench: Workbench,
    spec: StageSpec,
    slots: Mapping[str, Source],
    *,
    grid: Callable[[], Grid],
    sample_seed: int,
    weights: Mapping[str, WeightsSource],
    fitted: Fitted | None = None,
) -> Step:
    """Return a stage of a chain on the slots of a sample; nothing is read or computed."""
    stage = bench.create(spec)
    sources = stage_weights(stage, weights)
    inputs = {slot: slots[slot] for slot in stage.reads()}
    seed = derive_seed(sample_seed, spec.to_json())
    device = bench.device_of(stage)
    key = hash_value(
        {
            "stage": spec.code_json(),
            "libraries": library_versions(stage.needs),
            "inputs": {slot: source.key for slot, source in inputs.items()},
            "model": fitted.model.hash if fitted else None,
            "weights": {name: source.hash for name, source in sources.items()},
            "seed": seed,
            "device": device,
        }
    )
    return Step(spec, stage, inputs, grid, sources, fitted, seed, device, key)


@dataclass(frozen=True, slots=True, eq=False)
class Fresh:
    """The outputs of a stage that ran here, the hash of each slot, and what running took."""

    step: Step
    values: Mapping[str, Value]
    hashes: Mapping[str, str]
    made: Made

    def value(self, slot: str) -> Value:
        """Return the value of a slot."""
        return self.values[slot]

    def record(self) -> StageRecord:
        """Return what the cell's record says of the stage."""
        return _record(self.step, output_hash(self.hashes), self.made.facts)

    def timing(self) -> StageTiming:
        """Return what the cell's timing says of the stage."""
        return replace(with_fit(self.made.timing, self.step.fitted), name=self.step.spec.name)

    def notes(self) -> tuple[str, ...]:
        """Return what the cell's record should say besides: whether the model was made in another setting."""
        return _model_notes(self.step, self.made.setting)


@dataclass(frozen=True, slots=True, eq=False)
class Cached:
    """The outputs of a stage that ran before, read only when they are needed, and the setting it is used in."""

    step: Step
    entry: CacheEntry
    here: Setting

    def value(self, slot: str) -> Value:
        """Return the value of a slot; raises `CorruptEntryError` if its files are not what was written."""
        return self.entry.read(slot)

    def record(self) -> StageRecord:
        """Return what the cell's record says of the stage."""
        return _record(self.step, self.entry.output_hash, self.entry.made.facts)

    def timing(self) -> StageTiming:
        """Return what the cell's timing says of the stage: times of this setting only."""
        timing = timing_here(self.entry.made, self.here)
        return replace(with_fit(timing, self.step.fitted), name=self.step.spec.name)

    def notes(self) -> tuple[str, ...]:
        """Return what the cell's record should say besides: what of it was made in another setting."""
        made, notes = self.entry.made.setting, _model_notes(self.step, self.here)
        return notes if made == self.here else (*notes, f"the output of {_named(self.step)} was made elsewhere: {made}")


def with_fit(timing: StageTiming, fitted: Fitted | None) -> StageTiming:
    """Return a stage's timing with that of its training."""
    if fitted is None:
        return timing
    cost = fitted.model.cost
    return replace(
        timing,
        fit_s=cost.seconds,
        fit_cached=fitted.is_cached,
        fit_peak_bytes=cost.peak_bytes,
        fit_device_peak_bytes=cost.device_peak_bytes,
        fit_cpu_s=cost.cpu_s,
        fit_busy_s=cost.busy_s,
    )


def _record(step: Step, output: str, facts: Mapping[str, float]) -> StageRecord:
    spec, fitted = step.spec, step.fitted
    return StageRecord(
        spec.id,
        spec.version,
        dict(spec.parameters),
        model=fitted.model.hash if fitted else None,
        weights={name: source.hash for name, source in step.weights.items()},
        output=output,
        name=spec.name,
        origin=spec.origin,
        facts={**(fitted.model.facts if fitted else {}), **facts},
    )


def _model_notes(step: Step, here: Setting) -> tuple[str, ...]:
    fitted = step.fitted
    if fitted is None or fitted.model.made == here:
        return ()
    return (f"the model of {_named(step)} was made elsewhere: {fitted.model.made}",)


def _named(step: Step) -> str:
    return f"stage '{step.spec.called}'"
