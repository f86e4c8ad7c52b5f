"""How long a run will still take: seconds of cells by row, and each training once, however many cells share it."""

from __future__ import annotations

import math
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from statistics import fmean

from harness.clock import Clock
from harness.jobs.messages import Job
from harness.model import Cell
from harness.runner.executor import Finished
from harness.standing import Cost, Costs, trainings_of
from harness.store import Timing


class TimeLeft:
    """The cells that a run has still to compute, and what they are expected to take.

    `timings` are of earlier runs: what this run measures of a row counts instead, as soon as there is something.
    An answer holds for `refresh_s`: every row is looked at for it, which takes longer than a small cell.
    """

    def __init__(
        self,
        jobs: Iterable[Job],
        timings: Sequence[Timing],
        workers: int,
        *,
        refresh_s: float = 0.0,
        clock: Clock = time.monotonic,
    ) -> None:
        self._cells: dict[str, list[Cell]] = defaultdict(list)
        self._trains: set[str] = set()
        for job in jobs:
            self._cells[job.cell.row].append(job.cell)
            if any(part[0] == "fit" for part in job.shared):
                self._trains.add(job.cell.row)
        self._left = Counter({row: len(cells) for row, cells in self._cells.items()})
        self._workers = workers
        every = [cell for cells in self._cells.values() for cell in cells]
        self._recorded, self._measured = Costs(timings, every), Costs(cells=every)
        self._trainings: dict[tuple[str, str], frozenset[str]] = {}
        self._trained: set[str] = set()
        self._refresh_s = refresh_s
        self._clock = clock
        self._next_s = -math.inf
        self._answer: float | None = None

    def finished(self, finished: Finished) -> float | None:
        """Take the end of a job into account; return the seconds that the others need, None if nothing tells."""
        cell, outcome = finished.job.cell, finished.outcome
        self._left[cell.row] -= 1
        if outcome.status == "ok":
            self._measured.add(cell.row, cell.key, outcome.timings, outcome.total_s)
            fitted = [stage.id for stage in outcome.timings if stage.fit_s is not None]
            self._trained.update(key for _, key in trainings_of(cell, fitted))
        now_s = self._clock()
        if now_s >= self._next_s:
            self._answer, self._next_s = self.seconds(), now_s + self._refresh_s
        return self._answer

    def seconds(self) -> float | None:
        """Return the seconds that the cells left need, as many at a time as there are workers; None if nothing tells.

        Rows of which nothing is known are taken for as slow as the others, unless they train: a training may take
        longer than all else.
        """
        left = {row: count for row, count in self._left.items() if count}
        costs = {row: cost for row in left if (cost := self._cost(row))}
        if not costs or any(row in self._trains and row not in costs for row in left):
            return None if left else 0.0
        cells_s = sum(cost.cell_s * left[row] for row, cost in costs.items())
        cells_s += fmean(cost.cell_s for cost in costs.values()) * sum(left[row] for row in left if row not in costs)
        trainings = {
            key: seconds
            for row, cost in costs.items()
            for stage, seconds in cost.training_s.items()
            for key in self._trainings_of(row, stage) - self._trained
        }
        return (cells_s + sum(trainings.values())) / self._workers

    def _cost(self, row: str) -> Cost | None:
        chain = [spec.id for spec in self._cells[row][0].chain]
        found = [cost for costs in (self._measured, self._recorded) if (cost := costs.of(row, chain))]
        return next((cost for cost in found if cost.source != "other rows"), found[0] if found else None)

    def _trainings_of(self, row: str, stage: str) -> frozenset[str]:
        if (row, stage) not in self._trainings:
            keys = (key for cell in self._cells[row] for _, key in trainings_of(cell, [stage]))
            self._trainings[row, stage] = frozenset(keys)
        return self._trainings[row, stage]
