"""What a worker keeps between cells: catalogue, registry, cache, loaded models, samples, and how it reports."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.errors import BackendError, ChainError
from harness.jobs.messages import WorkerSetup
from harness.model import Grid, StageSpec
from harness.registry import Registry
from harness.stages.contract import Context, Stage
from harness.worker.cache import Setting, StageCache
from harness.worker.sources import Recent, SampleSlots

MODELS_KEPT = 3
"""Loaded stages that a worker keeps; each may hold a network."""

Notify = Callable[[Mapping[str, Any]], None]


@dataclass(slots=True, eq=False)
class LoadedStage:
    """A stage instance after `load`, and the input shapes it has been called with."""

    stage: Stage
    load_s: float | None = None
    seen: set[tuple[Any, ...]] = field(default_factory=set)


class Workbench:
    """The state of one worker process."""

    def __init__(
        self,
        setup: WorkerSetup,
        samples: SampleSlots,
        registry: Registry,
        *,
        machine: str,
        environment: str,
        notify: Notify,
        has_gpu: bool = False,
    ) -> None:
        self.setup = setup
        self.samples = samples
        self.registry = registry
        self.machine = machine
        self.environment = environment
        self.notify = notify
        self.cache = StageCache(Path(setup.cache))
        self.models = Path(setup.cache) / "models"
        self.ignored_processes: frozenset[int] = frozenset()
        self.loaded: Recent[LoadedStage] = Recent(MODELS_KEPT)
        self.devices: set[str] = set()
        self._has_gpu = has_gpu
        self._told: set[str] = set()

    def log(self, line: str) -> None:
        """Show a line to the user of the run."""
        self.notify({"event": "log", "line": line})

    def create(self, spec: StageSpec) -> Stage:
        """Return a fresh stage of a specification; raises `BackendError` if its library is missing."""
        entry = self.registry.entry(spec.id)
        kind: type[Stage] = self.registry.get(spec.id)
        if entry.reason:
            raise BackendError(f"stage '{spec.id}': {entry.reason}; {entry.install}")
        if kind.version != spec.version:
            raise ChainError(
                f"stage '{spec.id}' is version {kind.version} in this worker; the cell asks {spec.version}"
            )
        return kind(spec.parameters)

    def device_of(self, stage: Stage) -> str:
        """Return the device a stage is given: the one asked for, if the stage can use it, else the CPU.

        A stage that could use the GPU of this machine and does not is told of once.
        """
        device = "cpu"
        if self.setup.device != "cpu" and "cuda" in stage.devices:
            problem = stage.gpu_problem()
            if problem and self.setup.device != "auto":
                raise BackendError(f"stage '{stage.id}': {problem}; accepted: --device cpu or auto")
            if problem and self._has_gpu and stage.id not in self._told:
                self._told.add(stage.id)
                self.log(f"stage '{stage.id}' computes on the CPU, although this machine has a GPU: {problem}")
            device = "cpu" if problem else "cuda"
        self.devices.add(device)
        return device

    def setting(self, device: str) -> Setting:
        """Return what is computed here is tied to."""
        return Setting(self.machine, device, self.setup.threads, self.environment)

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """Yield an empty folder that is removed afterwards."""
        folder = Path(tempfile.mkdtemp(dir=self.setup.scratch))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def context(
        self,
        grid: Grid,
        seed: int,
        scratch: Path,
        device: str,
        *,
        model: Path | None = None,
        weights: Mapping[str, Path] | None = None,
        busy: Callable[[float], None] = lambda seconds: None,
        draw: int = 0,
    ) -> Context:
        """Return what a stage is told besides its inputs."""
        return Context(grid, seed, scratch, device, self.setup.threads, model, weights or {}, self.log, busy, draw)
