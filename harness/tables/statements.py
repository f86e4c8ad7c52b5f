"""A data table: computed facts beside printed ones, as Markdown, CSV, LaTeX and JSON."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from harness.datatables import DataTableRow
from harness.escaping import csv_value
from harness.model import Tier
from harness.suite import Suite
from harness.tables.grid import Grid, GridLine
from harness.tables.latex import latex_table
from harness.tables.markdown import markdown_page
from harness.tables.text import ABSENT, heading


@dataclass(frozen=True, slots=True)
class StatementTable:
    """The rows of a data table with what its header must say."""

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


def build_statements(suite: Suite, tier: Tier, rows: tuple[DataTableRow, ...]) -> StatementTable:
    """Return the table of computed rows."""
    note = suite.tier(tier).data_note
    return StatementTable(suite.id, suite.version, tier, suite.title, suite.source, note, rows)


def statements_markdown(facts: StatementTable) -> str:
    """Return the table as Markdown, reasons of verdicts below it."""
    return markdown_page(
        heading(facts.title, facts.source), statements_lines(facts), statements_grid(facts), statements_notes(facts)
    )


def statements_latex(facts: StatementTable) -> str:
    """Return the table as LaTeX for booktabs."""
    caption = ". ".join((heading(facts.title, facts.source), *statements_lines(facts)))
    return latex_table(caption, f"{facts.suite}-{facts.tier}", statements_grid(facts))


def statements_csv(facts: StatementTable) -> str:
    """Return one line per row and value."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        (
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
    )
    for row in facts.rows:
        for name in _names(row):
            verdict = row.verdicts.get(name)
            cells = [_text(values.get(name)) for values in (row.computed, row.printed, row.stated)]
            judged = (verdict.outcome, verdict.reason) if verdict and facts.tier == "paper" else ("", "")
            place = (facts.suite, facts.version, facts.tier, row.id, name)
            note = row.conflicts.get(name, "")
            writer.writerow(map(csv_value, (*place, *cells, *judged, row.missing or row.absent, note)))
    return text.getvalue()


def statements_json(facts: StatementTable) -> dict[str, Any]:
    """Return the table as a JSON-able value."""
    return {**asdict(facts), "missing": facts.missing, "absent": facts.absent}


def statements_lines(facts: StatementTable) -> list[str]:
    """Return what must be read before any value."""
    note = f"; data: {facts.data_note}" if facts.data_note else ""
    lines = [f"suite {facts.suite} v{facts.version}, tier {facts.tier}{note}"]
    counts = (f"{count} {name}" for count, name in ((facts.missing, "MISSING"), (facts.absent, "ABSENT")) if count)
    lines.append(", ".join((f"{len(facts.rows)} rows", *counts)))
    lines += [f"{row.title} is missing: {row.missing}" for row in facts.rows if row.missing]
    lines += [f"{row.title} is absent from this tier: {row.absent}" for row in facts.rows if row.absent]
    if facts.tier != "paper":
        lines.append(f"printed values are of other data: the {facts.tier} tier is no reproduction and gets no verdict")
    return lines


def statements_grid(facts: StatementTable) -> Grid:
    """Return computed, printed and stated values side by side; verdicts on the paper tier only.

    A value that a note is about is marked [!].
    """
    printed = list(dict.fromkeys(name for row in facts.rows for name in row.printed))
    further = list(dict.fromkeys(name for row in facts.rows for name in row.computed if name not in printed))
    stated = list(dict.fromkeys(name for row in facts.rows for name in row.stated))
    is_judged = facts.tier == "paper"
    header = ["row"]
    for name in printed:
        header += [name, f"{name}, printed", *(["verdict"] if is_judged else [])]
    lines = []
    for row in facts.rows:
        line = [row.title]
        for name in printed:
            verdict = row.verdicts.get(name)
            line += [_text(row.computed.get(name)), _marked(row, name, row.printed)]
            line += [verdict.outcome if verdict else ABSENT] if is_judged else []
        line += [_text(row.computed.get(name)) for name in further]
        line += [_marked(row, name, row.stated) for name in stated]
        lines.append(GridLine(row.id, tuple(line)))
    return Grid((*header, *further, *(f"{name} (stated)" for name in stated)), (("", tuple(lines)),))


def statements_notes(facts: StatementTable) -> list[str]:
    """Return what is said below the table: reasons of verdicts, and where the source contradicts itself."""
    notes = []
    if facts.tier == "paper":
        verdicts = ((row.title, name, verdict) for row in facts.rows for name, verdict in row.verdicts.items())
        notes += [f"{row}, {name}: {v.outcome}: {v.reason}" for row, name, v in verdicts if v.reason]
    return notes + [f"[!] {row.title}, {name}: {text}" for row in facts.rows for name, text in row.conflicts.items()]


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
