"""Which interpreter runs a cell, and what a cell computes for others."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from harness.errors import BackendError, ConfigError
from harness.hashing import canonical_json
from harness.jobs.failures import one_line
from harness.jobs.messages import Backend
from harness.model import Cell, StageSpec
from harness.registry import StageRegistry, interpreter_variable
from harness.stages.contract import Stage


class BackendChooser:
    """Chooses interpreters and shared work for the cells of a run; chains are looked at once each."""

    def __init__(self, registry: StageRegistry) -> None:
        self._registry = registry
        self._gpu_problems: dict[str, str] = {}
        self._chains: dict[str, tuple[Backend, tuple[tuple[str, bool], ...]]] = {}

    def backend(self, cell: Cell) -> Backend:
        """Return where a cell runs; raises `ConfigError` if its stages name different interpreters."""
        return self._about(cell)[0]

    def can_use_gpu(self, cell: Cell, *, is_here: bool = False) -> bool:
        """Return whether a stage of a cell can compute on a GPU, one of this machine if it `is_here`."""
        able = [spec for spec in cell.chain if self._names_cuda(spec)]
        return any(not (is_here and self._gpu_problem(cell, spec)) for spec in able)

    def shared(self, cell: Cell) -> frozenset[tuple[Any, ...]]:
        """Return what the cell would compute and other cells could read from the cache."""
        data = cell.data
        found: set[tuple[Any, ...]] = set()
        for prefix, trains in self._about(cell)[1]:
            if trains:
                found.add(("fit", data.dataset, data.channels, data.train_truth, cell.fold.id, cell.repeat, prefix))
            else:
                found.add(("run", data.dataset, data.channels, cell.fold.id, cell.sample, cell.seed, prefix))
        return frozenset(found)

    def require_gpu(self, cells: Iterable[Cell]) -> None:
        """Raise `BackendError` with a line per stage that can use a GPU and finds none.

        Stages that run in an interpreter of their own, and those whose library is not here, are asked in the worker.
        """
        problems: dict[str, str] = {}
        for cell in cells:
            able = [spec for spec in cell.chain if self._names_cuda(spec)]
            problems |= {spec.id: problem for spec in able if (problem := self._gpu_problem(cell, spec))}
        lines = [
            f"--device cuda: stage '{name}': {problem}; accepted: --device cpu or auto"
            for name, problem in sorted(problems.items())
        ]
        if lines:
            raise BackendError("\n".join(lines))

    def _names_cuda(self, spec: StageSpec) -> bool:
        kind = self._registry.entry(spec.id).item
        return kind is not None and "cuda" in kind.devices

    def _gpu_problem(self, cell: Cell, spec: StageSpec) -> str:
        """Return why a stage finds no GPU here, "" if it finds one or has to be asked in the worker."""
        if self.backend(cell).python != sys.executable or self._registry.entry(spec.id).reason:
            return ""
        if spec.id not in self._gpu_problems:
            stage = self._stage(spec.id, dict(spec.parameters))
            try:
                self._gpu_problems[spec.id] = "" if stage is None else stage.gpu_problem()
            except Exception as error:  # a library that is broken here fails its own cells, in their worker
                self._gpu_problems[spec.id] = f"{type(error).__name__}: {one_line(str(error), {})}"
        return self._gpu_problems[spec.id]

    def _about(self, cell: Cell) -> tuple[Backend, tuple[tuple[str, bool], ...]]:
        chain = canonical_json([spec.to_json() for spec in cell.chain])
        if chain not in self._chains:
            stages = [self._stage(spec.id, dict(spec.parameters)) for spec in cell.chain]
            backend = choose_backend([stage.extra for stage in stages if stage is not None and stage.extra])
            self._chains[chain] = (backend, _shared_parts(cell, stages))
        return self._chains[chain]

    def _stage(self, name: str, parameters: dict[str, Any]) -> Stage | None:
        """Return a stage, or None for a broken plug-in, whose cells fail in the worker with its reason."""
        kind = self._registry.entry(name).item
        return None if kind is None else kind(parameters)


def needed(registry: StageRegistry, name: str) -> tuple[str, ...]:
    """Return the modules that a stage imports; none for a broken plug-in."""
    kind = registry.entry(name).item
    return () if kind is None else kind.needs


def choose_backend(extras: Sequence[str]) -> Backend:
    """Return the backend of a chain whose stages need these extras: an interpreter named for one of them, else this.

    Raises `ConfigError` if they name two interpreters, or one that is not there.
    """
    named = {extra: os.environ.get(interpreter_variable(extra), "") for extra in extras}
    pythons = sorted({python for python in named.values() if python})
    if len(pythons) > 1:
        raise ConfigError(
            f"a chain needs the extras {', '.join(sorted(named))}, for which {interpreter_variable('*')} name "
            f"different interpreters: {', '.join(pythons)}; one worker runs the whole chain"
        )
    for extra, python in named.items():
        if python and shutil.which(python) is None:
            raise ConfigError(f"{interpreter_variable(extra)}: '{python}' is not a program")
    return Backend(pythons[0] if pythons else sys.executable, tuple(sorted(named)))


def _shared_parts(cell: Cell, stages: Sequence[Stage | None]) -> tuple[tuple[str, bool], ...]:
    """Return (text of the chain up to it, whether it trains) of each stage others may share.

    A stage shares its model if it trains, and its output if that is cached and not the end of the chain.
    """
    parts = []
    for number, stage in enumerate(stages):
        if stage is None:
            break
        before = [spec.to_json() for spec in cell.chain[:number]]
        if stage.trains():
            parts.append((canonical_json([*before, cell.chain[number].fit_json()]), True))
        if stage.cacheable and number + 1 < len(stages):
            parts.append((canonical_json([*before, cell.chain[number].to_json()]), False))
    return tuple(parts)
