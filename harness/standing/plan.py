"""What a run would do: how many cells, which are done, what they may cost, and what is not there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

from harness.hashing import hash_value
from harness.model import Cell, Tier
from harness.standing.standing import Standing
from harness.store import Timing

if TYPE_CHECKING:
    from harness.datasets import Catalogue


@dataclass(frozen=True, slots=True)
class RowPlan:
    """Cells of one row: all, already done, and mean seconds of one (None: never measured, no estimate).

    `is_borrowed`: the row itself was never measured; the seconds are those of its stages in other rows.
    """

    row: str
    cells: int
    done: int
    cell_s: float | None
    is_borrowed: bool = False

    @property
    def remaining(self) -> int:
        """Cells still to be computed."""
        return self.cells - self.done

    @property
    def remaining_s(self) -> float | None:
        """Estimated seconds of the remaining cells, one after the other."""
        if not self.remaining:
            return 0.0
        return None if self.cell_s is None else self.cell_s * self.remaining


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run of a suite on a tier would do.

    `unavailable` maps datasets whose cells would be missing to the reason; `same` lists groups of rows that are one
    and the same computation on this tier.
    """

    suite: str
    tier: Tier
    cells: tuple[Cell, ...]
    rows: tuple[RowPlan, ...]
    unavailable: Mapping[str, str]
    same: tuple[tuple[str, ...], ...]

    @property
    def remaining(self) -> int:
        """Cells still to be computed."""
        return sum(row.remaining for row in self.rows)

    @property
    def known_s(self) -> float:
        """Estimated seconds of the rows that have an estimate."""
        return sum(row.remaining_s or 0.0 for row in self.rows)

    @property
    def unknown_rows(self) -> tuple[str, ...]:
        """Rows with cells to compute and nothing to estimate their cost from."""
        return tuple(row.row for row in self.rows if row.remaining_s is None)


def plan(standing: Standing, catalogue: Catalogue, timings: Iterable[Timing] = ()) -> Plan:
    """Return the plan of a run that computes the pending cells of a standing; `timings` tell what cells cost."""
    costs = _Costs(timings)
    row_plans = tuple(
        RowPlan(
            row,
            len(own.cells),
            sum(standing.is_done(cell) for cell in own.cells),
            *costs.of(row, [spec.id for spec in own.cells[0].chain]),
        )
        for row, own in standing.rows.items()
    )
    cells = standing.cells
    return Plan(standing.suite.id, standing.tier, cells, row_plans, _unavailable(cells, catalogue), same_rows(cells))


class _Costs:
    """Mean recorded seconds: of a row's cells, else the sum of what its stages took in other rows."""

    def __init__(self, timings: Iterable[Timing]) -> None:
        rows: dict[str, list[float]] = defaultdict(list)
        stages: dict[str, list[float]] = defaultdict(list)
        for timing in timings:
            if not any(stage.cached for stage in timing.stages):
                rows[timing.row].append(timing.total_s)
            for stage in timing.stages:
                stages[stage.id].append((stage.load_s or 0.0) + (stage.fit_s or 0.0) + (stage.first_s or 0.0))
        self._rows = {row: fmean(seconds) for row, seconds in rows.items()}
        self._stages = {stage: fmean(seconds) for stage, seconds in stages.items()}

    def of(self, row: str, stages: Sequence[str]) -> tuple[float | None, bool]:
        """Return the expected seconds of one cell, and whether they come from other rows' chains.

        The seconds are None where a stage was never measured.
        """
        if row in self._rows:
            return self._rows[row], False
        if all(stage in self._stages for stage in stages):
            return sum(self._stages[stage] for stage in stages), True
        return None, False


def _unavailable(cells: Sequence[Cell], catalogue: Catalogue) -> dict[str, str]:
    reasons = {}
    for dataset in dict.fromkeys(cell.data.dataset for cell in cells):
        found = catalogue.dataset(dataset).availability()
        if not found.ok:
            reasons[dataset] = found.reason
    return reasons


def same_rows(cells: Iterable[Cell]) -> tuple[tuple[str, ...], ...]:
    """Return groups of rows with equal chains and data: a smaller tier can make them so."""
    by_row: dict[str, list[Cell]] = defaultdict(list)
    for cell in cells:
        by_row[cell.row].append(cell)
    groups: dict[str, list[str]] = defaultdict(list)
    for row, own in by_row.items():
        by_fold = {(cell.data.dataset, cell.fold.id): cell for cell in own}  # cells of a fold share data and chain
        chains = [[cell.data.to_json(), [spec.to_json() for spec in cell.chain]] for cell in by_fold.values()]
        places = [[cell.data.dataset, cell.fold.id, cell.sample, cell.repeat] for cell in own]
        groups[hash_value([chains, places])].append(row)
    return tuple(tuple(group) for group in groups.values() if len(group) > 1)
