"""A table of scores as every table is printed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from harness.model import Tier
from harness.tables.caption import PrintedFigure, printed_figure
from harness.tables.curves import CurveFigure, curve_figures
from harness.tables.data import to_csv, to_curve_csv, to_figure_csv, to_json
from harness.tables.grid import Grid, grid
from harness.tables.latex import to_latex
from harness.tables.markdown import to_markdown
from harness.tables.model import ClaimLine, Failure, Table
from harness.tables.text import footnotes, header_lines, heading, row_notes


@dataclass(frozen=True)
class ScoreTable:
    """The records of a suite on one tier, as a `Printed`; `table` is the value itself.

    Not slotted: its figures are laid out once.
    """

    table: Table

    @property
    def suite(self) -> str:
        """Id of the suite."""
        return self.table.suite

    @property
    def version(self) -> int:
        """Version of the suite."""
        return self.table.version

    @property
    def tier(self) -> Tier:
        """The tier."""
        return self.table.tier

    @property
    def heading(self) -> str:
        """Title and source."""
        return heading(self.table.title, self.table.source)

    @property
    def lines(self) -> Sequence[str]:
        """What must be read before any number."""
        return header_lines(self.table)

    @property
    def grid(self) -> Grid:
        """The scores as cells of text."""
        return grid(self.table)

    @property
    def notes(self) -> Sequence[str]:
        """Notes on published values and on rows."""
        return (*footnotes(self.table), *row_notes(self.table))

    @property
    def failures(self) -> Sequence[Failure]:
        """Cells that failed."""
        return self.table.failures

    @property
    def claims(self) -> Sequence[ClaimLine]:
        """What the records say of the suite's claims."""
        return self.table.claims

    @property
    def figures(self) -> Sequence[PrintedFigure]:
        """Declared figures and the curves over thresholds, where a row has a score."""
        return tuple(printed_figure(self.table, figure) for figure in self._laid_out if figure.drawn)

    @property
    def scores(self) -> Table:
        """The value itself."""
        return self.table

    @property
    def machine(self) -> str:
        """Whose seconds it shows."""
        return self.table.machine

    @property
    def row_count(self) -> int:
        """Number of rows, those of several data sets once for each."""
        return len(self.table.rows)

    @property
    def state(self) -> str:
        """How complete it is, in words."""
        broken = ((self.table.failed, "failed"), (self.table.missing, "missing"))
        return ", ".join(f"{count} {name}" for count, name in broken if count) or "complete"

    @property
    def is_complete(self) -> bool:
        """Whether no cell failed or is missing."""
        return not (self.table.failed or self.table.missing)

    @property
    def is_broken(self) -> bool:
        """Whether a claim does not hold."""
        return any(claim.outcome == "does not hold" for claim in self.table.claims)

    def markdown(self) -> str:
        """Return the table as Markdown."""
        return to_markdown(self.table)

    def latex(self) -> str:
        """Return the table as LaTeX for booktabs."""
        return to_latex(self.table)

    def csv(self) -> str:
        """Return one line per row and metric at full precision."""
        return to_csv(self.table)

    def json(self) -> dict[str, Any]:
        """Return the table as a JSON-able value."""
        return to_json(self.table)

    def files(self) -> Mapping[str, str]:
        """Return the curves over thresholds and the declared figures as CSV."""
        thresholds = [figure for figure in self._laid_out if figure.is_automatic]
        declared = [figure for figure in self._laid_out if not figure.is_automatic]
        curves = {"curve.csv": to_curve_csv(self.table, thresholds)} if thresholds else {}
        return curves | {f"{figure.name}.csv": to_figure_csv(self.table, figure) for figure in declared}

    @cached_property
    def _laid_out(self) -> tuple[CurveFigure, ...]:
        return curve_figures(self.table)
