"""What cells cost, as recorded timings tell: seconds of a cell, and seconds of trainings, which several cells share."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Literal

from harness.hashing import hash_value
from harness.model import Cell
from harness.store import StageTiming, Timing

Source = Literal["", "an earlier chain", "other rows", "the mini tier"]
"""Where seconds come from: cells of the chain itself, of what the row was before, stages as other rows had them, or the
row's stages on the mini tier, by voxels."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Expected seconds of one cell without its trainings, and of one training by stage id; `gpu_s` of both on a GPU."""

    cell_s: float
    training_s: Mapping[str, float] = field(default_factory=dict)
    source: Source = ""
    cell_gpu_s: float = 0.0
    trained_on_gpu: frozenset[str] = frozenset()


class Costs:
    """Mean seconds of timings: of a row's own chain, else of the row as it was before, else of its stages elsewhere.

    `cells` are those of today: a timing of another key is of an earlier chain.
    """

    def __init__(self, timings: Iterable[Timing] = (), cells: Iterable[Cell] = ()) -> None:
        self._keys = frozenset(cell.key for cell in cells)
        self._own = _Rows()
        self._earlier = _Rows()
        self._stages = _Rows()
        for timing in timings:
            self.add(timing.row, timing.cell, timing.stages, timing.total_s)

    def add(self, row: str, key: str, stages: Sequence[StageTiming], total_s: float) -> None:
        """Take a measured cell into account. One that reused outputs tells nothing of a whole cell."""
        rows = self._own if key in self._keys else self._earlier
        rows.add_trainings(row, stages)
        trained_s, is_whole = 0.0, True
        for stage in stages:
            if stage.cached:
                is_whole = False
            if stage.fit_s is not None and not stage.fit_cached:
                trained_s += stage.fit_s
            if stage.run_s is not None:  # of an output that was made elsewhere no seconds are known
                self._stages.add_cell(stage.id, called_s(stage), (stage,))
            self._stages.add_trainings(stage.id, (stage,))
        if is_whole:
            rows.add_cell(row, max(0.0, total_s - trained_s), stages)

    def of(self, row: str, stages: Sequence[str]) -> Cost | None:
        """Return what a cell of a row costs; None where one of its stages was never measured."""
        if row in self._own.cells:
            return self._own.cost(row, "")
        if row in self._earlier.cells:
            return self._earlier.cost(row, "an earlier chain")
        if not all(stage in self._stages.cells for stage in stages):
            return None
        parts = [self._stages.cost(stage, "other rows") for stage in stages]
        return Cost(
            sum(part.cell_s for part in parts),
            {stage: seconds for part in parts for stage, seconds in part.training_s.items()},
            "other rows",
            sum(part.cell_gpu_s for part in parts),
            frozenset().union(*(part.trained_on_gpu for part in parts)),
        )


class _Rows:
    """Seconds by row (or by stage)."""

    def __init__(self) -> None:
        self.cells: dict[str, list[float]] = defaultdict(list)
        self._gpu: dict[str, list[float]] = defaultdict(list)
        self._trainings: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
        self._on_gpu: dict[str, set[str]] = defaultdict(set)

    def add_cell(self, row: str, seconds: float, stages: Iterable[StageTiming]) -> None:
        gpu_s = 0.0
        for stage in stages:
            if stage.device == "cuda":
                gpu_s += called_s(stage)
        self.cells[row].append(seconds)
        self._gpu[row].append(gpu_s)

    def add_trainings(self, row: str, stages: Iterable[StageTiming]) -> None:
        for stage in stages:
            if stage.fit_s is not None:
                self._trainings[row][stage.id].append(stage.fit_s)
                if stage.device == "cuda":
                    self._on_gpu[row].add(stage.id)

    def cost(self, row: str, source: Source) -> Cost:
        trainings = {stage: fmean(seconds) for stage, seconds in self._trainings[row].items()}
        return Cost(fmean(self.cells[row]), trainings, source, fmean(self._gpu[row]), frozenset(self._on_gpu[row]))


def trainings_of(cell: Cell, stages: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield each stage of a cell's chain that is among those that train, with what identifies its training.

    Cells of one fold and rows that train alike share a model: it is made once.
    """
    trained = set(stages)
    for number, spec in enumerate(cell.chain):
        if spec.id in trained:
            before = [earlier.to_json() for earlier in cell.chain[:number]]
            data = {**cell.data.to_json(), "truth": ""}
            fold = [cell.fold.id, cell.fold.train, cell.fold.validation, cell.repeat]
            yield spec.id, hash_value([spec.fit_json(), before, data, fold])


def called_s(stage: StageTiming) -> float:
    """Return the seconds of loading a stage and of the call whose result counts; steady ones follow a first one."""
    call_s = next(iter(stage.steady_s), 0.0) if stage.first_s is None else stage.first_s
    return (stage.load_s or 0.0) + call_s
