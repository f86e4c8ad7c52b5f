"""A stage on a sample: found in the cache by content, else run, checked, measured and stored."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from harness.clock import Calls, measure_calls, timed
from harness.errors import ChainError
from harness.hashing import derive_seed, hash_value
from harness.jobs.messages import StageBegun
from harness.memory import Usage
from harness.model import Grid
from harness.stages.chain import checked_outputs
from harness.stages.values import Value
from harness.store.records import StageTiming
from harness.worker.bench import LoadedStage, Workbench
from harness.worker.cache import CorruptEntryError, Made, content_hashes
from harness.worker.facts import Facts
from harness.worker.fits import check_dimensions, located
from harness.worker.sources import Source
from harness.worker.step import Cached, Fresh, Step

Result = Fresh | Cached


@dataclass(frozen=True, slots=True)
class Repeats:
    """Unmeasured and measured further calls of each stage."""

    warmup: int = 0
    repeats: int = 0


class Product:
    """The result of a step, made when it is first asked for; a spoilt cache entry gives way to a fresh result."""

    def __init__(self, step: Step, bench: Workbench, repeats: Repeats = Repeats()) -> None:
        self.step = step
        self._bench = bench
        self._repeats = repeats
        self._result: Result | None = None

    def result(self) -> Result:
        """Return the result, computed or looked up now if it was not before."""
        if self._result is None:
            self._result = run(self.step, self._bench, self._repeats)
        return self._result

    def value(self, slot: str) -> Value:
        """Return the value of a slot."""
        try:
            return self.result().value(slot)
        except CorruptEntryError as error:
            _discard(self.step, self._bench, error)
            self._result = _compute(self.step, self._bench, self._repeats)
            return self._result.value(slot)

    def sources(self) -> dict[str, Source]:
        """Return the slots that the stage makes, for the stages after it."""
        step = self.step
        return {slot: Source(step.slot_key(slot), partial(self.value, slot)) for slot in step.stage.makes()}


def run(step: Step, bench: Workbench, repeats: Repeats = Repeats()) -> Result:
    """Return what the cache has of a step, else what running it gives."""
    if step.stage.cacheable:
        try:
            entry = bench.cache.entry(step.key)
        except CorruptEntryError as error:
            _discard(step, bench, error)
        else:
            if entry is not None:
                return Cached(step, entry, bench.setting(step.device))
    return _compute(step, bench, repeats)


def _discard(step: Step, bench: Workbench, error: CorruptEntryError) -> None:
    bench.log(f"cache entry {step.key[:12]} of stage '{step.spec.id}' is spoilt ({error}); running it again")
    bench.cache.drop(step.key)


def _compute(step: Step, bench: Workbench, repeats: Repeats) -> Fresh:
    stage, name = step.stage, step.spec.id
    bench.report(StageBegun(step.spec.called))
    inputs = {slot: source.value() for slot, source in step.inputs.items()}
    grid = step.grid()
    check_dimensions(stage, grid)
    bench.explain_device(stage, step.device)
    before = {slot: _checksum(value) for slot, value in inputs.items()}
    files = located(bench, step.weights)
    with Usage(device=step.device, ignore=bench.spared) as usage:
        is_new, loaded = _load(step, bench, files, grid)
        calls, facts = _call(step, bench, loaded, inputs, files, grid, repeats)
    for slot, value in inputs.items():
        if _checksum(value) != before[slot]:
            raise ChainError(f"stage '{name}' changed its input '{slot}' in place")
    outputs = checked_outputs(stage, inputs, calls.result, grid)
    is_first = _is_first(loaded, inputs)
    timing = StageTiming(
        name,
        load_s=loaded.load_s if is_new else None,
        first_s=calls.first_s if is_first else None,
        steady_s=calls.later_s if is_first else (calls.first_s, *calls.later_s),
        peak_bytes=usage.peak_bytes,
        device_peak_bytes=usage.device_peak_bytes,
        cpu_s=usage.cpu_s,
        device=step.device,
    )
    here = bench.setting(step.device)
    made = Made(timing, here, {**loaded.facts, **facts.numbers()})
    hashes = bench.keep_output(step.key, outputs, made) if stage.cacheable else content_hashes(outputs)
    return Fresh(step, outputs, hashes, made)


def _load(step: Step, bench: Workbench, files: Mapping[str, Path], grid: Grid) -> tuple[bool, LoadedStage]:
    """Return whether the stage was loaded now, and the loaded stage."""
    model = step.fitted.model.hash if step.fitted else ""
    weights = tuple(sorted((name, source.hash) for name, source in step.weights.items()))
    identity = (hash_value(step.spec.code_json()), model, weights, step.device, grid.axes, grid.spacing_um)
    is_new = False

    def load() -> LoadedStage:
        nonlocal is_new
        is_new = True
        # the seed depends on no sample: a model that is kept must not depend on which cell came first
        seed, facts = derive_seed("load", step.spec.to_json()), Facts(step.spec.id)
        with bench.scratch() as scratch, bench.state.guarded(step.spec.id, seed):
            context = bench.context(
                grid, seed, scratch, step.device, model=step.model_folder, weights=files, report=facts.report
            )
            _, seconds = timed(lambda: step.stage.load(context), device=step.device)
        return LoadedStage(step.stage, seconds, facts.numbers())

    loaded = bench.loaded.get(identity, load)
    return is_new, loaded


def _call(
    step: Step,
    bench: Workbench,
    loaded: LoadedStage,
    inputs: Mapping[str, Value],
    files: Mapping[str, Path],
    grid: Grid,
    repeats: Repeats,
) -> tuple[Calls[Any], Facts]:
    """Return the measured calls and what the first of them, whose result counts, reported."""
    reported = [Facts(step.spec.id)]

    def call() -> Any:
        with bench.scratch() as scratch:
            context = bench.context(
                grid,
                step.seed,
                scratch,
                step.device,
                model=step.model_folder,
                weights=files,
                report=reported[-1].report,
            )
            reported.append(Facts(step.spec.id))
            return loaded.stage.run(inputs, context)

    with bench.state.guarded(step.spec.id, step.seed):
        calls = measure_calls(call, warmup=repeats.warmup, repeats=repeats.repeats, device=step.device)
    return calls, reported[0]


def _is_first(loaded: LoadedStage, inputs: Mapping[str, Value]) -> bool:
    signature = tuple(
        (slot, name, array.shape, array.dtype.str)
        for slot, value in inputs.items()
        for name, array in value.arrays().items()
    )
    is_first = signature not in loaded.seen
    loaded.seen.add(signature)
    return is_first


def _checksum(value: Value) -> tuple[int, ...]:
    """Return fast checksums of a value's bytes: enough to notice that a stage wrote into its input."""
    import numpy as np

    return tuple(
        zlib.crc32(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data) for array in value.arrays().values()
    )
