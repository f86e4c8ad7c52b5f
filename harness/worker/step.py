"""One stage of a chain on one sample: looked up in the cache by content, else run, checked, measured and stored."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from harness.clock import Calls, measure_calls, timed
from harness.errors import ChainError
from harness.hashing import derive_seed, hash_array, hash_value
from harness.jobs.messages import WeightsSource
from harness.memory import Usage, device_watched
from harness.model import Grid, StageSpec, Volume
from harness.stages.chain import checked_outputs
from harness.stages.contract import Context
from harness.store.records import StageRecord, StageTiming
from harness.worker.bench import LoadedStage, Workbench
from harness.worker.cache import CacheEntry, CorruptEntryError, output_hash, timing_here
from harness.worker.fits import Fitted, check_dimensions, located, stage_weights
from harness.worker.sources import Slot


@dataclass(frozen=True, slots=True)
class Protocol:
    """Unmeasured and measured further calls of each stage."""

    warmup: int = 0
    repeats: int = 0


class Step:
    """A stage with its inputs. Its key is known at once; it runs only if its output is needed and not in the cache."""

    def __init__(
        self,
        bench: Workbench,
        spec: StageSpec,
        slots: Mapping[str, Slot],
        *,
        grid: Callable[[], Grid],
        sample_seed: int,
        weights: Mapping[str, WeightsSource],
        fitted: Fitted | None = None,
        protocol: Protocol = Protocol(),
    ) -> None:
        self._bench = bench
        self.spec = spec
        self.stage = bench.create(spec)
        self.weights = stage_weights(self.stage, weights)
        self._inputs = {slot: slots[slot] for slot in self.stage.reads()}
        self._grid = grid
        self._fitted = fitted
        self._protocol = protocol
        self.seed = derive_seed(sample_seed, spec.to_json())
        self._device = bench.device_of(self.stage)
        self.key = hash_value(
            {
                "stage": spec.to_json(),
                "inputs": {slot: source.key for slot, source in self._inputs.items()},
                "model": fitted.hash if fitted else None,
                "weights": {name: source.hash for name, source in self.weights.items()},
                "seed": self.seed,
                "device": self._device,
            }
        )
        self._located: Mapping[str, Path] = {}
        self._entry: CacheEntry | None = None
        self._outputs: dict[str, Volume] | None = None
        self._timing: StageTiming | None = None
        self._output_hash = ""

    def outputs(self) -> dict[str, Slot]:
        """Return the slots this stage makes."""
        return {slot: Slot(hash_value([self.key, slot]), partial(self._volume, slot)) for slot in self.stage.makes()}

    def settle(self) -> None:
        """Find the output in the cache, or compute it; afterwards `record` and `timing` are known."""
        if self._outputs is not None or self._entry is not None:
            return
        if self.stage.cacheable:
            try:
                self._entry = self._bench.cache.entry(self.key)
            except CorruptEntryError as error:
                self._discard(error)
        if self._entry is None:
            self._compute()

    def record(self) -> StageRecord:
        """Return what the cell's record says of this stage."""
        model = self._fitted.hash if self._fitted else None
        hashes = {name: source.hash for name, source in self.weights.items()}
        output = self._entry.output_hash if self._entry else self._output_hash
        return StageRecord(self.spec.id, self.spec.version, dict(self.spec.parameters), model, hashes, output)

    def timing(self) -> StageTiming:
        """Return what the cell's timing says of this stage."""
        timing = self._timing
        if timing is None:
            assert self._entry is not None
            timing = timing_here(self._entry.timing, self._entry.setting, self._bench.setting(self._device))
        return with_fit(timing, self._fitted)

    def notes(self) -> tuple[str, ...]:
        """Return what comes from the cache and was made in another setting than this one."""
        here = self._bench.setting(self._device)
        made = {"model": self._fitted and self._fitted.made, "output": self._entry and self._entry.setting}
        return tuple(
            f"the {what} of stage '{self.spec.id}' was made elsewhere: {where}"
            for what, where in made.items()
            if where is not None and where != here
        )

    def _volume(self, slot: str) -> Volume:
        self.settle()
        if self._outputs is None and self._entry is not None:
            try:
                return self._entry.read(slot)
            except CorruptEntryError as error:
                self._discard(error)
                self._compute()
        assert self._outputs is not None
        return self._outputs[slot]

    def _discard(self, error: CorruptEntryError) -> None:
        self._bench.log(f"cache entry {self.key[:12]} of stage '{self.spec.id}' is spoilt ({error}); running it again")
        self._bench.cache.drop(self.key)
        self._entry = None

    def _compute(self) -> None:
        bench, stage = self._bench, self.stage
        bench.notify({"event": "stage", "stage": self.spec.id})
        inputs = {slot: source.volume() for slot, source in self._inputs.items()}
        check_dimensions(stage, self._grid())
        device = self._device
        self._located = located(bench, self.weights)
        before = {slot: _checksum(volume) for slot, volume in inputs.items()}
        watched = device_watched(device, stage.needs)
        with Usage(device=watched, ignore=bench.ignored_processes) as usage:
            is_new, loaded = self._load(device)
            calls = self._call(loaded, inputs, device)
        for slot, volume in inputs.items():
            if _checksum(volume) != before[slot]:
                bench.samples.forget()
                raise ChainError(f"stage '{self.spec.id}' changed its input '{slot}' in place")
        outputs: dict[str, Any] = dict(checked_outputs(stage, inputs, calls.result, self._grid()))
        is_first = _is_first(loaded, inputs)
        timing = StageTiming(
            self.spec.id,
            load_s=loaded.load_s if is_new else None,
            first_s=calls.first_s if is_first else None,
            steady_s=calls.later_s if is_first else (calls.first_s, *calls.later_s),
            peak_bytes=usage.peak_bytes,
            device_peak_bytes=usage.device_peak_bytes,
            cpu_s=usage.cpu_s,
        )
        self._output_hash = output_hash({slot: hash_array(volume.array) for slot, volume in outputs.items()})
        if stage.cacheable:
            bench.cache.put(self.key, outputs, timing, bench.setting(device))
        self._outputs, self._timing = outputs, timing

    def _load(self, device: str) -> tuple[bool, LoadedStage]:
        """Return whether the stage was loaded now, and the loaded stage."""
        grid = self._grid()
        model = self._fitted.hash if self._fitted else ""
        weights = tuple(sorted((name, source.hash) for name, source in self.weights.items()))
        identity = (hash_value(self.spec.to_json()), model, weights, device, grid.axes, grid.spacing_um)
        is_new = False

        def load() -> LoadedStage:
            nonlocal is_new
            is_new = True
            # the seed depends on no sample: a model that is kept must not depend on which cell came first
            seed = derive_seed("load", self.spec.to_json())
            with self._bench.scratch() as scratch:
                context = self._context(grid, seed, scratch, device)
                _, seconds = timed(lambda: self.stage.load(context), device=device)
            return LoadedStage(self.stage, seconds)

        loaded = self._bench.loaded.get(identity, load)
        return is_new, loaded

    def _call(self, loaded: LoadedStage, inputs: dict[str, Volume], device: str) -> Calls[Any]:
        grid = self._grid()

        def run() -> Any:
            with self._bench.scratch() as scratch:
                return loaded.stage.run(inputs, self._context(grid, self.seed, scratch, device))

        return measure_calls(run, warmup=self._protocol.warmup, repeats=self._protocol.repeats, device=device)

    def _context(self, grid: Grid, seed: int, scratch: Path, device: str) -> Context:
        model = self._fitted.folder if self._fitted else None
        return self._bench.context(grid, seed, scratch, device, model=model, weights=self._located)


def with_fit(timing: StageTiming, fitted: Fitted | None) -> StageTiming:
    """Return a stage's timing with that of its training."""
    if fitted is None:
        return timing
    cost = fitted.cost
    return replace(
        timing,
        fit_s=cost.seconds,
        fit_cached=fitted.is_cached,
        fit_peak_bytes=cost.peak_bytes,
        fit_device_peak_bytes=cost.device_peak_bytes,
        fit_cpu_s=cost.cpu_s,
        fit_busy_s=cost.busy_s,
    )


def _is_first(loaded: LoadedStage, inputs: Mapping[str, Volume]) -> bool:
    signature: tuple[Any, ...] = tuple((slot, v.array.shape, v.array.dtype.str) for slot, v in inputs.items())
    is_first = signature not in loaded.seen
    loaded.seen.add(signature)
    return is_first


def _checksum(volume: Volume) -> int:
    """Return a fast checksum of an array's bytes: enough to notice that a stage wrote into its input."""
    import numpy as np

    return zlib.crc32(np.ascontiguousarray(volume.array).reshape(-1).view(np.uint8).data)
