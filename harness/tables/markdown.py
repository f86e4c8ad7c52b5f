"""A table as Markdown."""

from __future__ import annotations

from collections.abc import Iterable

from harness.escaping import markdown
from harness.tables.grid import Grid, GridLine, grid
from harness.tables.model import Table
from harness.tables.ranks import WINNER_HEADER, winner_lines
from harness.tables.text import footnotes, header_lines, heading, row_notes

FAILURES_SHOWN = 20
_CLAIM_HEADER = ("outcome", "claim", "where", "what the records say", "data")


def to_markdown(table: Table) -> str:
    """Return the whole table: heading, header lines, failures, rows, verdict reasons, claims, notes."""
    tail = [
        _winners(table),
        _bullets(_reasons(table)),
        _claims(table),
        _bullets((*footnotes(table), *row_notes(table))),
    ]
    return _page(heading(table.title, table.source), header_lines(table), [_failures(table), _rows(grid(table)), *tail])


def markdown_page(title: str, lines: Iterable[str], cells: Grid, below: Iterable[str]) -> str:
    """Return a heading, header lines, a grid, and lines below it."""
    return _page(title, lines, [_rows(cells), _bullets(below)])


def escape(text: str) -> str:
    """Return text on one line with Markdown's own characters escaped."""
    return markdown(text)


def markdown_rows(header: Iterable[str], lines: Iterable[Iterable[str]]) -> str:
    """Return a Markdown table of already escaped cells."""
    head = list(header)
    rows = [head, ["---"] * len(head), *(list(line) for line in lines)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _page(title: str, lines: Iterable[str], parts: Iterable[str]) -> str:
    return "\n\n".join(part for part in (f"# {escape(title)}", _bullets(lines), *parts) if part) + "\n"


def _rows(cells: Grid) -> str:
    lines: list[list[str]] = []
    for group, members in cells.groups:
        if group:
            lines.append([f"**{escape(group)}**", *([""] * (len(cells.header) - 1))])
        lines += [[_cell(line, at) for at in range(len(line.cells))] for line in members]
    return markdown_rows(map(escape, cells.header), lines)


def _cell(line: GridLine, at: int) -> str:
    text = escape(line.cells[at])
    return f"~~{text}~~ ({escape(line.struck[at])})" if at in line.struck else text


def _bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"- {escape(line)}" for line in lines)


def _failures(table: Table) -> str:
    if not table.failures:
        return ""
    shown = [
        f"- {escape(f'{failure.row} on {failure.where}: {failure.status}: {failure.message}'.rstrip(': '))}"
        for failure in table.failures[:FAILURES_SHOWN]
    ]
    more = len(table.failures) - len(shown)
    return "\n".join(["Failures:", "", *shown, *([f"- … and {more} more"] if more else [])])


def _reasons(table: Table) -> list[str]:
    if not table.is_paper:
        return []
    scores = ((row, metric, score) for row in table.rows for metric, score in row.scores.items())
    return [f"{row.label}, {metric}: {score.verdict}: {score.reason}" for row, metric, score in scores if score.reason]


def _winners(table: Table) -> str:
    lines = [[escape(text) for text in line] for line in winner_lines(table)]
    if not lines:
        return ""
    heading = f"Which row is first; tau: Kendall's, of the order against that by {escape(table.winners[0].metric)}"
    return f"{heading}:\n\n{markdown_rows(WINNER_HEADER, lines)}"


def _claims(table: Table) -> str:
    if not table.claims:
        return ""
    lines = [
        [f"**{escape(claim.outcome)}**", *map(escape, (claim.sentence, claim.where, claim.detail, claim.data))]
        for claim in table.claims
    ]
    return f"Claims, checked on the {table.tier} tier:\n\n{markdown_rows(_CLAIM_HEADER, lines)}"
