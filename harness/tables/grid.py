"""The table as plain cells of text, from which Markdown, LaTeX and HTML are made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from harness.tables.model import Column, Table, TableRow
from harness.tables.ranks import place_text
from harness.tables.text import (
    ABSENT,
    cell_count,
    column_title,
    cost_texts,
    published_text,
    score_text,
    state_text,
)

RANK = "rank"
OTHER = "other"
"""Heading of rows without a group below groups: without it they would seem to belong to the last one."""


@dataclass(frozen=True, slots=True)
class GridLine:
    """The cells of one row, by its id; `struck` says by index of a cell why its text counts no more."""

    row: str
    cells: tuple[str, ...]
    struck: Mapping[int, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Grid:
    """A header, and the lines below it in groups ("" is the group of rows that have none)."""

    header: tuple[str, ...]
    groups: tuple[tuple[str, tuple[GridLine, ...]], ...]


def grid(table: Table) -> Grid:
    """Return the cells of a table; columns in which no row has anything are left out."""
    lines = [_line(table, row) for row in table.rows]
    header = _header(table)
    kept = [
        index
        for index, title in enumerate(header)
        if index == 0 or any(line[index] not in (ABSENT, "") for line in lines) or title in _titles(table)
    ]
    struck = [_struck(table, row) for row in table.rows]
    kept_lines = {
        (row.id, row.dataset): GridLine(
            row.id,
            tuple(line[index] for index in kept),
            {at: why[index] for at, index in enumerate(kept) if index in why},
        )
        for row, line, why in zip(table.rows, lines, struck, strict=True)
    }
    return Grid(
        tuple(header[index] for index in kept),
        tuple((group, tuple(kept_lines[row.id, row.dataset] for row in rows)) for group, rows in grouped(table.rows)),
    )


def grouped(rows: Iterable[TableRow]) -> tuple[tuple[str, tuple[TableRow, ...]], ...]:
    """Return rows below the headings of their groups, in the order of first appearance."""
    groups: dict[str, list[TableRow]] = {}
    for row in rows:
        heading = row.group or (OTHER if groups and "" not in groups else "")
        groups.setdefault(heading, []).append(row)
    return tuple((heading, tuple(members)) for heading, members in groups.items())


def _titles(table: Table) -> tuple[str, ...]:
    return tuple(column_title(column) for column in table.columns)


def _header(table: Table) -> tuple[str, ...]:
    parts = [title for column in table.columns for title in (column_title(column), "published", "verdict")]
    return ("row", *parts, RANK, "n", "cells", "seconds", "training s", "busy %", "peak MB", "not ok", "marks")


def _line(table: Table, row: TableRow) -> tuple[str, ...]:
    parts = [text for column in table.columns for text in _scores(table, row, column)]
    n = max((score.summary.n for score in row.scores.values()), default=0)
    rank = place_text(row, table.primary) if table.winners else ABSENT
    marks = "; ".join(row.marks)
    return (row.label, *parts, rank, str(n), cell_count(row), *cost_texts(row.cost), state_text(row), marks)


def _struck(table: Table, row: TableRow) -> dict[int, str]:
    """Return why scores of a row count no more, by their place among all columns."""
    return {
        1 + 3 * number: f"advisory {', '.join(row.scores[column.metric].struck)}"
        for number, column in enumerate(table.columns)
        if row.scores[column.metric].struck
    }


def _scores(table: Table, row: TableRow, column: Column) -> tuple[str, str, str]:
    score = row.scores[column.metric]
    verdict = score.verdict if table.is_paper else ""
    text = score_text(score, column, table.ddof, has_intervals=table.has_intervals)
    return text, published_text(score.published, column), verdict
