"""A table of text as one that can be sorted: every cell with what it sorts by."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.tables import Printed
from harness.tables.grid import RANK, Grid, GridLine, grouped
from harness.tables.model import Table
from harness.tables.text import ABSENT, column_title, mean_interval

INTERVAL = "95 % of the mean"
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
BOUNDS = ("floor", "ceiling", "control")
"""What stands in place of the rank of a row that is no method."""
_NO_NUMBER = ("", ABSENT, "undefined", "open", *BOUNDS)
"""Texts that stand where a column has no number for a row; they sort before all numbers."""


@dataclass(frozen=True, slots=True)
class BoardColumn:
    """A column: its title, and whether it holds text, which sorts by itself, or numbers."""

    title: str
    is_text: bool


@dataclass(frozen=True, slots=True)
class BoardCell:
    """A cell: its text, the number it sorts by ("" for none), where it leads, and why it is struck out ("": not)."""

    text: str
    order: str = ""
    link: str = ""
    struck: str = ""


@dataclass(frozen=True, slots=True)
class BoardLine:
    """The cells of a row; `bound` says that it is no method."""

    key: str
    cells: tuple[BoardCell, ...]
    bound: bool = False


@dataclass(frozen=True, slots=True)
class Board:
    """Columns and lines."""

    columns: tuple[BoardColumn, ...]
    lines: tuple[BoardLine, ...]


def board_of(
    header: Sequence[str],
    lines: Sequence[tuple[str, Sequence[str]]],
    links: Mapping[str, str] | None = None,
) -> Board:
    """Return a board of cells of text; `lines` have keys, and `links` say by key where the first cell leads.

    A column is of numbers if every text in it begins with one or stands for none.
    """
    numbers = [all(_order(cells[at]) is not None for _, cells in lines) and at > 0 for at in range(len(header))]
    columns = tuple(BoardColumn(title, not is_number) for title, is_number in zip(header, numbers, strict=True))
    found = links or {}
    return Board(
        columns,
        tuple(
            BoardLine(
                key,
                tuple(
                    BoardCell(text, _order(text) or "" if numbers[at] else "", found.get(key, "") if at == 0 else "")
                    for at, text in enumerate(cells)
                ),
            )
            for key, cells in lines
        ),
    )


def leaderboard(table: Printed) -> Board:
    """Return the rows of a table: headings of groups become a column, so that rows can stand in any order."""
    cells = _rank_first(_with_interval(table.grid, table.scores))
    has_groups = any(group for group, _ in cells.groups)
    header = (cells.header[0], *(("group",) if has_groups else ()), *cells.header[1:])
    lines = [
        (line.row, (line.cells[0], *((group,) if has_groups else ()), *line.cells[1:]))
        for group, members in cells.groups
        for line in members
    ]
    made = board_of(header, lines)
    struck = _struck(cells, has_groups=has_groups)
    return Board(
        made.columns,
        tuple(
            BoardLine(
                line.key,
                tuple(
                    BoardCell(cell.text, cell.order, cell.link, struck.get((number, at), ""))
                    for at, cell in enumerate(line.cells)
                ),
                RANK in header and line.cells[header.index(RANK)].text in BOUNDS,
            )
            for number, line in enumerate(made.lines)
        ),
    )


def _with_interval(cells: Grid, table: Table | None) -> Grid:
    """Return a grid in which the interval of the mean that ranks rows stands behind it."""
    if table is None or not table.winners:
        return cells
    column = next(column for column in table.columns if column.metric == table.primary)
    at = cells.header.index(column_title(column)) + 1
    texts = iter([mean_interval(row, column) for _, members in grouped(table.rows) for row in members])
    groups = tuple(
        (
            group,
            tuple(
                GridLine(
                    line.row,
                    (*line.cells[:at], next(texts), *line.cells[at:]),
                    {number + (number >= at): why for number, why in line.struck.items()},
                )
                for line in members
            ),
        )
        for group, members in cells.groups
    )
    return Grid((*cells.header[:at], INTERVAL, *cells.header[at:]), groups)


def _rank_first(cells: Grid) -> Grid:
    """Return a grid whose ranks stand right behind the rows: on a screen one looks for them first."""
    if RANK not in cells.header:
        return cells
    at = cells.header.index(RANK)
    order = (0, at, *(number for number in range(1, len(cells.header)) if number != at))
    groups = tuple(
        (
            group,
            tuple(
                GridLine(
                    line.row,
                    tuple(line.cells[number] for number in order),
                    {order.index(number): why for number, why in line.struck.items()},
                )
                for line in members
            ),
        )
        for group, members in cells.groups
    )
    return Grid(tuple(cells.header[number] for number in order), groups)


def _struck(cells: Grid, *, has_groups: bool) -> dict[tuple[int, int], str]:
    """Return why cells are struck out, by line and column of the board."""
    lines = [line for _, members in cells.groups for line in members]
    return {
        (number, at + (1 if has_groups and at else 0)): why
        for number, line in enumerate(lines)
        for at, why in line.struck.items()
    }


def _order(text: str) -> str | None:
    """Return the number that a text begins with, "" for one that stands for none, None for other text."""
    if text in _NO_NUMBER:
        return ""
    found = _NUMBER.match(text)
    return found.group() if found else None
