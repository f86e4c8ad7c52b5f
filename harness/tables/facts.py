"""A data table: computed facts beside printed ones, as Markdown, CSV, LaTeX and JSON."""

from __future__ import annotations

import csv
import io
from dataclasses import asdict, dataclass
from typing import Any

from harness.datatables import DataTableRow
from harness.model import Tier
from harness.suite import Suite
from harness.tables.grid import Grid, GridLine
from harness.tables.latex import latex_table
from harness.tables.markdown import markdown_page
from harness.tables.text import ABSENT, heading


@dataclass(frozen=True, slots=True)
class Facts:
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
        """How many rows could not be computed."""
        return sum(1 for row in self.rows if row.missing)


def build_facts(suite: Suite, tier: Tier, rows: tuple[DataTableRow, ...]) -> Facts:
    """Return the table of computed rows."""
    return Facts(suite.id, suite.version, tier, suite.title, suite.source, suite.tier(tier).data_note, rows)


def facts_markdown(facts: Facts) -> str:
    """Return the table as Markdown, reasons of verdicts below it."""
    return markdown_page(heading(facts.title, facts.source), facts_lines(facts), facts_grid(facts), _reasons(facts))


def facts_latex(facts: Facts) -> str:
    """Return the table as LaTeX for booktabs."""
    caption = ". ".join((heading(facts.title, facts.source), *facts_lines(facts)))
    return latex_table(caption, f"{facts.suite}-{facts.tier}", facts_grid(facts))


def facts_csv(facts: Facts) -> str:
    """Return one line per row and value."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        ("suite", "version", "tier", "row", "value", "computed", "printed", "stated", "verdict", "reason", "missing")
    )
    for row in facts.rows:
        for name in _names(row):
            verdict = row.verdicts.get(name)
            cells = [_text(values.get(name)) for values in (row.computed, row.printed, row.stated)]
            judged = (verdict.outcome, verdict.reason) if verdict and facts.tier == "paper" else ("", "")
            writer.writerow((facts.suite, facts.version, facts.tier, row.id, name, *cells, *judged, row.missing))
    return text.getvalue()


def facts_json(facts: Facts) -> dict[str, Any]:
    """Return the table as a JSON-able value."""
    return {**asdict(facts), "missing": facts.missing}


def facts_lines(facts: Facts) -> list[str]:
    """Return what must be read before any value."""
    note = f"; data: {facts.data_note}" if facts.data_note else ""
    lines = [f"suite {facts.suite} v{facts.version}, tier {facts.tier}{note}"]
    lines.append(f"{len(facts.rows)} rows{f', {facts.missing} MISSING' if facts.missing else ''}")
    lines += [f"{row.title} is missing: {row.missing}" for row in facts.rows if row.missing]
    if facts.tier != "paper":
        lines.append(f"printed values are of other data: the {facts.tier} tier is no reproduction and gets no verdict")
    return lines


def facts_grid(facts: Facts) -> Grid:
    """Return computed, printed and stated values side by side; verdicts on the paper tier only."""
    printed = list(dict.fromkeys(name for row in facts.rows for name in (*row.printed, *row.computed)))
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
            line += [_text(row.computed.get(name)), _text(row.printed.get(name))]
            line += [verdict.outcome if verdict else ABSENT] if is_judged else []
        line += [_text(row.stated.get(name)) for name in stated]
        lines.append(GridLine(row.id, tuple(line)))
    return Grid((*header, *(f"{name} (stated)" for name in stated)), (("", tuple(lines)),))


def _reasons(facts: Facts) -> list[str]:
    if facts.tier != "paper":
        return []
    verdicts = ((row.title, name, verdict) for row in facts.rows for name, verdict in row.verdicts.items())
    return [f"{row}, {name}: {v.outcome}: {v.reason}" for row, name, v in verdicts if v.reason]


def _names(row: DataTableRow) -> list[str]:
    return list(dict.fromkeys((*row.computed, *row.printed, *row.stated)))


def _text(value: Any) -> str:
    if value is None:
        return ABSENT
    if isinstance(value, list | tuple):
        return ", ".join(map(_text, value)) if value else "none"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
