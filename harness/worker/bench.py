"""What a worker keeps between cells: registry, cache, samples, loaded stages, and how it reports."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.errors import BackendError, ChainError, StoreError
from harness.escaping import visible
from harness.jobs.messages import Event, Log, WorkerSetup
from harness.model import Grid, StageSpec
from harness.predictions import Predictions
from harness.registry import MetricRegistry, StageRegistry
from harness.stages.contract import Context, Stage
from harness.stages.values import Value
from harness.store.files import is_read_only
from harness.worker.cache import Made, Setting, StageCache, content_hashes
from harness.worker.isolation import ProcessState
from harness.worker.models import ModelStore
from harness.worker.sources import Recent, SampleSlots

MODELS_KEPT = 3
"""Loaded stages that a worker keeps; each may hold a network."""
MOST_LOGGED = 10_000
"""Characters of a line that a stage may log; the rest is left out."""


@dataclass(slots=True, eq=False)
class LoadedStage:
    """A stage instance after `load`, what it reported there, and the input shapes it has been called with."""

    stage: Stage
    load_s: float | None = None
    facts: Mapping[str, float] = field(default_factory=dict)
    seen: set[tuple[Any, ...]] = field(default_factory=set)


class Workbench:
    """The state of one worker process that outlives a cell; what belongs to one cell is in `CellRun`.

    `spared` are processes of the worker itself: no stage's memory, and not ended with what a cell leaves behind.
    """

    def __init__(
        self,
        setup: WorkerSetup,
        samples: SampleSlots,
        registry: StageRegistry,
        metrics: MetricRegistry,
        *,
        machine: str,
        environment: str,
        report: Callable[[Event], None],
        has_gpu: bool = False,
        spared: frozenset[int] = frozenset(),
    ) -> None:
        self.setup = setup
        self.samples = samples
        self.registry = registry
        self.metrics = metrics
        self.machine = machine
        self.environment = environment
        self.report = report
        self.spared = spared
        self.state = ProcessState(metrics_are_ours=not any(entry.code().is_plugin for entry in metrics))
        self.cache = StageCache(Path(setup.cache))
        self.predictions = Predictions(Path(setup.cache))
        self.models = ModelStore(Path(setup.cache))
        self.loaded: Recent[LoadedStage] = Recent(MODELS_KEPT)
        self._has_gpu = has_gpu
        self._said: set[str] = set()
        self._unused: list[Path] = []

    def log(self, line: str) -> None:
        """Show a line to the user of the run."""
        text = visible(str(line))
        self.report(Log(text if len(text) <= MOST_LOGGED else f"{text[:MOST_LOGGED]}…"))

    def log_once(self, line: str) -> None:
        """Show a line to the user of the run unless it was shown before."""
        if line not in self._said:
            self._said.add(line)
            self.log(line)

    def keep_output(self, key: str, outputs: Mapping[str, Value], made: Made) -> dict[str, str]:
        """Store the outputs of a stage and return the hash of each slot; a cache that is read-only keeps nothing.

        Raises `StoreError` when the disk refuses for another reason.
        """
        try:
            return self.cache.put(key, outputs, made)
        except StoreError as error:
            if not is_read_only(error):
                raise
            self.log_once(f"{error}; what is computed here is not kept, HARNESS_CACHE names another place")
            return content_hashes(outputs)

    def create(self, spec: StageSpec) -> Stage:
        """Return a fresh stage of a specification; raises `BackendError` if its library is missing."""
        entry = self.registry.entry(spec.id)
        kind = self.registry.get(spec.id)
        if entry.reason:
            raise BackendError(f"stage '{spec.id}': {entry.reason}; {entry.install}")
        if kind.version != spec.version:
            raise ChainError(
                f"stage '{spec.id}' is version {kind.version} in this worker; the cell asks {spec.version}"
            )
        if spec.origin.is_plugin and entry.code() != spec.origin:
            raise ChainError(f"stage '{spec.id}': {spec.origin.distribution} was changed after the run began")
        return kind(spec.parameters)

    def device_of(self, stage: Stage) -> str:
        """Return the device a stage is given: the one asked for, if the stage can use it, else the CPU.

        Raises `BackendError` where a device was asked for by name that the stage's library cannot use.
        """
        if self.setup.device == "cpu" or "cuda" not in stage.devices:
            return "cpu"
        problem = stage.gpu_problem()
        if problem and self.setup.device != "auto":
            raise BackendError(f"stage '{stage.id}': {problem}; accepted: --device cpu or auto")
        return "cpu" if problem else "cuda"

    def explain_device(self, stage: Stage, device: str) -> None:
        """Tell the user, once, of a stage that computes on the CPU and could use the GPU of this machine."""
        if device != "cpu" or not self._has_gpu or self.setup.device == "cpu" or "cuda" not in stage.devices:
            return
        problem = stage.gpu_problem()
        self.log_once(f"stage '{stage.id}' computes on the CPU, although this machine has a GPU: {problem}")

    def setting(self, device: str) -> Setting:
        """Return what is computed here is tied to."""
        return Setting(self.machine, device, self.setup.threads, self.environment)

    def forget(self) -> None:
        """Drop loaded stages and samples: a cell that failed may have spoilt them."""
        self.loaded.clear()
        self.samples.forget()

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """Yield an empty folder; raises `StoreError` where none can be made.

        One that is left as it was given is given again: to make and to remove it takes as long as many a stage.
        """
        folder = self._empty_folder()
        try:
            yield folder
        finally:
            if _is_as_given(folder):
                self._unused.append(folder)
            else:
                shutil.rmtree(folder, ignore_errors=True)

    def _empty_folder(self) -> Path:
        while self._unused:
            folder = self._unused.pop()
            if _is_as_given(folder):  # what a stage left running may have found it meanwhile
                return folder
        try:
            return Path(tempfile.mkdtemp(dir=self.setup.scratch))
        except OSError as error:
            raise StoreError(f"{self.setup.scratch}: no scratch folder can be made ({error.strerror})") from error

    def context(
        self,
        grid: Grid,
        seed: int,
        scratch: Path,
        device: str,
        *,
        model: Path | None = None,
        weights: Mapping[str, Path] | None = None,
        report: Callable[[str, float], None] = lambda name, value: None,
        draw: int = 0,
    ) -> Context:
        """Return what a stage is told besides its inputs."""
        return Context(grid, seed, scratch, device, self.setup.threads, model, weights or {}, self.log, report, draw)


def _is_as_given(folder: Path) -> bool:
    """Whether a scratch folder is there, empty, and no link, with the access that `mkdtemp` grants."""
    try:
        mode = folder.lstat().st_mode
        return stat.S_ISDIR(mode) and mode & 0o777 == 0o700 and not os.listdir(folder)  # noqa: PTH208 - twice a cell
    except OSError:
        return False
