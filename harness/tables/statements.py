"""A data table: computed facts beside printed ones, as Markdown, CSV, LaTeX and JSON."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from harness.datatables import DataTableRow
from harness.escaping import csv_value
from harness.model import Tier
from harness.standing import Standing
from harness.tables.caption import PrintedFigure
from harness.tables.grid import Grid, GridLine
from harness.tables.latex import latex_table
from harness.tables.markdown import markdown_page
from harness.tables.model import ClaimLine, Failure
from harness.tables.text import ABSENT, heading

CSV_COLUMNS = (
    "suite",
    "version",
    "tier",
    "row",
    "value",
    "computed",
    "printed",
    "stated",
    "verdict",
    "reason",
    "missing",
    "note",
)


@dataclass(frozen=True, slots=True)
class StatementTable:
    """The rows of a data table with what its header must say, as a `Printed`."""

    suite: str
    version: int
    tier: Tier
    title: str
    source: str
    data_note: str
    rows: tuple[DataTableRow, ...]

    @property
    def missing(self) -> int:
        """How many rows of the tier have no facts."""
        return sum(1 for row in self.rows if row.missing)

    @property
    def absent(self) -> int:
        """How many rows the tier has nothing to compute from."""
        return sum(1 for row in self.rows if row.absent)

    @property
    def is_judged(self) -> bool:
        """Whether printed values are compared: on the paper tier, and where every tier has the same numbers."""
        outcomes = (verdict.outcome for row in self.rows for verdict in row.verdicts.values())
        return self.tier == "paper" or any(outcome != "not comparable" for outcome in outcomes)

    @property
    def heading(self) -> str:
        """Title and source."""
        return heading(self.title, self.source)

    @property
    def lines(self) -> Sequence[str]:
        """What must be read before any value."""
        note = f"; data: {self.data_note}" if self.data_note else ""
        counts = (f"{count} {name}" for count, name in ((self.missing, "MISSING"), (self.absent, "ABSENT")) if count)
        lines = [f"suite {self.suite} v{self.version}, tier {self.tier}{note}"]
        lines.append(", ".join((f"{len(self.rows)} rows", *counts)))
        lines += [f"{row.title} is missing: {row.missing}" for row in self.rows if row.missing]
        lines += [f"{row.title} is absent from this tier: {row.absent}" for row in self.rows if row.absent]
        if not self.is_judged:
            lines.append(
                f"printed values are of other data: the {self.tier} tier is no reproduction and gets no verdict"
            )
        return lines

    @property
    def grid(self) -> Grid:
        """Computed, printed and stated values side by side; verdicts where the tier has what the printed values are of.

        A value that a note is about is marked [!].
        """
        printed = list(dict.fromkeys(name for row in self.rows for name in row.printed))
        further = list(dict.fromkeys(name for row in self.rows for name in row.computed if name not in printed))
        stated = list(dict.fromkeys(name for row in self.rows for name in row.stated))
        is_judged = self.is_judged
        header = ["row"]
        for name in printed:
            header += [name, f"{name}, printed", *(["verdict"] if is_judged else [])]
        lines = []
        for row in self.rows:
            line = [row.title]
            for name in printed:
                verdict = row.verdicts.get(name)
                line += [_text(row.computed.get(name)), _marked(row, name, row.printed)]
                line += [verdict.outcome if verdict else ABSENT] if is_judged else []
            line += [_text(row.computed.get(name)) for name in further]
            line += [_marked(row, name, row.stated) for name in stated]
            lines.append(GridLine(row.id, tuple(line)))
        return Grid((*header, *further, *(f"{name} (stated)" for name in stated)), (("", tuple(lines)),))

    @property
    def notes(self) -> Sequence[str]:
        """Reasons of verdicts, and where the source contradicts itself."""
        notes = []
        if self.is_judged:
            verdicts = ((row.title, name, verdict) for row in self.rows for name, verdict in row.verdicts.items())
            notes += [f"{row}, {name}: {v.outcome}: {v.reason}" for row, name, v in verdicts if v.reason]
        return notes + [f"[!] {row.title}, {name}: {text}" for row in self.rows for name, text in row.conflicts.items()]

    @property
    def failures(self) -> Sequence[Failure]:
        """None: what cannot be computed is missing, with its reason."""
        return ()

    @property
    def claims(self) -> Sequence[ClaimLine]:
        """None: a data table makes no claims."""
        return ()

    @property
    def figures(self) -> Sequence[PrintedFigure]:
        """None: there is nothing to draw."""
        return ()

    @property
    def scores(self) -> None:
        """None: nothing is ranked."""
        return None

    @property
    def machine(self) -> str:
        """None: facts take no time that is kept."""
        return ""

    @property
    def row_count(self) -> int:
        """Number of rows."""
        return len(self.rows)

    @property
    def state(self) -> str:
        """How complete it is, in words."""
        return f"{self.missing} rows missing" if self.missing else "complete"

    @property
    def is_complete(self) -> bool:
        """Whether every row that the tier has is computed."""
        return not self.missing

    @property
    def is_broken(self) -> bool:
        """Never: there are no claims."""
        return False

    def markdown(self) -> str:
        """Return the table as Markdown, reasons of verdicts below it."""
        return markdown_page(self.heading, self.lines, self.grid, self.notes)

    def latex(self) -> str:
        """Return the table as LaTeX for booktabs."""
        return latex_table(". ".join((self.heading, *self.lines)), f"{self.suite}-{self.tier}", self.grid)

    def csv(self) -> str:
        """Return one line per row and value."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(CSV_COLUMNS)
        for row in self.rows:
            for name in _names(row):
                writer.writerow(map(csv_value, self._csv_line(row, name)))
        return text.getvalue()

    def json(self) -> dict[str, Any]:
        """Return the table as a JSON-able value."""
        return {**asdict(self), "missing": self.missing, "absent": self.absent}

    def files(self) -> Mapping[str, str]:
        """Return nothing: the table says all."""
        return {}

    def _csv_line(self, row: DataTableRow, name: str) -> tuple[Any, ...]:
        verdict = row.verdicts.get(name)
        cells = (_text(values.get(name)) for values in (row.computed, row.printed, row.stated))
        judged = (verdict.outcome, verdict.reason) if verdict and self.is_judged else ("", "")
        place = (self.suite, self.version, self.tier, row.id, name)
        return (*place, *cells, *judged, row.missing or row.absent, row.conflicts.get(name, ""))


def build_statements(standing: Standing) -> StatementTable:
    """Return the table of a data table's rows."""
    suite, tier = standing.suite, standing.tier
    note = suite.tier(tier).data_note
    return StatementTable(suite.id, suite.version, tier, suite.title, suite.source, note, standing.statements)


def _marked(row: DataTableRow, name: str, values: Mapping[str, Any]) -> str:
    """Return a printed value, marked where the source contradicts itself about it."""
    return f"{_text(values.get(name))}{' [!]' if name in row.conflicts and name in values else ''}"


def _names(row: DataTableRow) -> list[str]:
    return list(dict.fromkeys((*row.computed, *row.printed, *row.stated, *row.conflicts)))


def _text(value: Any) -> str:
    if value is None:
        return ABSENT
    if isinstance(value, list | tuple):
        return ", ".join(map(_text, value)) if value else "none"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
