"""What a run did: counts over all suites, and per suite which cells failed or are missing, and why."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.frames import record_frame
from harness.model import Status, Tier
from harness.store import Record, Store

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True, slots=True)
class FailedCell:
    """A cell with a failure record of this run."""

    cell: str
    status: Status
    message: str


@dataclass(frozen=True, slots=True)
class MissingCell:
    """A cell that was not tried to its end, and why: data or weights are not to be had, or the time was over."""

    cell: str
    reason: str


@dataclass(frozen=True, slots=True)
class SuiteSummary:
    """One suite of a run. `pending` counts the cells that a dry run would compute; `keys` are those of its cells."""

    suite: str
    version: int
    tier: Tier
    folder: Path
    cells: int
    computed: int
    cached: int
    failures: tuple[FailedCell, ...] = ()
    missing_cells: tuple[MissingCell, ...] = ()
    pending: int = 0
    keys: frozenset[str] = frozenset()

    @property
    def failed(self) -> int:
        """Number of cells that were tried and failed."""
        return len(self.failures)

    def records(self) -> tuple[Record, ...]:
        """Read the records of the run's cells, made now or before."""
        stored = Store(self.folder.parents[2], self.suite, self.version, self.tier).records()
        return tuple(record for record in stored if record.cell in self.keys)

    @property
    def missing(self) -> int:
        """Number of cells that were not tried to their end."""
        return len(self.missing_cells)


@dataclass(frozen=True, slots=True)
class RunSummary:
    """A run: cells = computed + cached + failed + missing (+ pending in a dry run).

    `stopped` says why it ended before its work did, "" where it did not.
    """

    suites: tuple[SuiteSummary, ...]
    stopped: str = ""

    @property
    def cells(self) -> int:
        """Cells asked for."""
        return sum(suite.cells for suite in self.suites)

    @property
    def computed(self) -> int:
        """Cells that this run computed with success."""
        return sum(suite.computed for suite in self.suites)

    @property
    def cached(self) -> int:
        """Cells whose record was there."""
        return sum(suite.cached for suite in self.suites)

    @property
    def failed(self) -> int:
        """Cells that were tried and failed."""
        return sum(suite.failed for suite in self.suites)

    @property
    def missing(self) -> int:
        """Cells that were not tried to their end."""
        return sum(suite.missing for suite in self.suites)

    @property
    def pending(self) -> int:
        """Cells that a dry run would compute."""
        return sum(suite.pending for suite in self.suites)

    @property
    def is_complete(self) -> bool:
        """Whether every cell has a score."""
        return not self.failed and not self.missing

    def frame(self) -> DataFrame:
        """Return the records of the run's cells as a data frame: a line per cell, a column per metric.

        Raises `BackendError` without pandas.
        """
        return record_frame(record for suite in self.suites for record in suite.records())

    def counts(self) -> dict[str, int]:
        """Return the counts that `harness run --json` prints."""
        names = ("cells", "computed", "cached", "failed", "missing")
        return {name: getattr(self, name) for name in names}
