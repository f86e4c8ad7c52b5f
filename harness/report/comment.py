"""What is said below a proposal of new results: a comment with the table, what changed, and the worst errors."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

from harness.datasets.fetching.places import cache_folder
from harness.escaping import markdown
from harness.model import Cell
from harness.predictions import Predictions
from harness.project import Project
from harness.report.errors import LEGEND, cell_picture, kept_labels, write_picture
from harness.standing import Standing
from harness.store import Record
from harness.tables import table_of
from harness.tables.markdown import markdown_rows
from harness.tables.model import Table, TableRow
from harness.tables.ranks import PROMPTED, meaning, place_text, winner_words
from harness.tables.text import cell_count, column_title, score_text

WORST = 3
HEADER = ("row", "rank", "cells", "whose", "contamination")


def comment(
    project: Project,
    standing: Standing,
    baseline: Standing | None,
    pictures: Path | None,
    *,
    pictures_at: str = "",
) -> str:
    """Return the comment on a suite's results: rows that are laid over the suite first, beside those of the suite.

    `baseline` is the same suite in the results that are published: rows whose mean is another there are named. The
    three worst samples of the new rows are drawn into `pictures` (of all rows where none is new), and linked below the
    address `pictures_at`. Only records and kept label images are read. Raises `StoreError` if a picture cannot be
    written.
    """
    printed = table_of(standing)
    table = printed.scores
    if table is None:
        return printed.markdown()
    new = frozenset(standing.suite.added)
    parts = [
        f"## {markdown(printed.heading)}: {table.tier} tier",
        "\n".join(f"- {markdown(line)}" for line in _facts(table)),
        _rows(table, new),
        _changes(standing, table, baseline, new),
        _pictures(project, standing, new, pictures, pictures_at),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _facts(table: Table) -> Iterator[str]:
    yield f"{table.cells} cells: {table.ok} ok, {table.failed} failed, {table.missing} missing"
    if table.winners:
        first = table.winners[0]
        yield f"{winner_words(first)}; {first.separable} of {first.pairs} neighbouring pairs are told apart"
        yield meaning(table)
    for failure in table.failures[:5]:
        yield f"{failure.row} on {failure.where}: {failure.status}: {failure.message}"


def _rows(table: Table, new: frozenset[str]) -> str:
    """Return the table on the primary metric, new rows first and bold."""
    column = next(column for column in table.columns if column.metric == table.primary)
    ordered = sorted(table.rows, key=lambda row: (row.id not in new, PROMPTED in row.marks, _rank(row, table.primary)))
    lines = [_line(row, table, row.id in new) for row in ordered]
    return markdown_rows((HEADER[0], HEADER[1], markdown(column_title(column)), *HEADER[2:]), lines)


def _line(row: TableRow, table: Table, is_new: bool) -> tuple[str, ...]:
    column = next(column for column in table.columns if column.metric == table.primary)
    seen = [mark for mark in row.marks if mark in ("clean", "contamination unknown")]
    told = [mark for mark in row.marks if mark == PROMPTED]
    whose = [mark for mark in row.marks if mark not in (*seen, *told)] or ["computed here"]
    label = f"**{markdown(row.label)}** (new)" if is_new else markdown(row.label)
    score = markdown(score_text(row.scores[table.primary], column, table.ddof))
    words = seen[0].removeprefix("contamination ") if seen else "no weights"
    return (label, place_text(row, table.primary), score, cell_count(row), markdown("; ".join((*whose, *told))), words)


def _rank(row: TableRow, metric: str) -> float:
    place = row.scores[metric].place
    return math.inf if place is None else place.rank


def _changes(standing: Standing, table: Table, baseline: Standing | None, new: frozenset[str]) -> str:
    """Return which rows have another mean than in the published results."""
    published = None if baseline is None else table_of(baseline).scores
    if published is None:
        return ""
    before = {(row.id, row.dataset): row for row in published.rows}
    primary = standing.suite.primary
    lines = []
    for row in table.rows:
        old = before.get((row.id, row.dataset))
        values = [math.nan if one is None else one.scores[primary].summary.mean for one in (old, row)]
        if row.id not in new and values[0] != values[1] and not all(map(math.isnan, values)):
            lines.append((markdown(row.label), *(f"{value:.4f}" for value in values)))
    if not lines:
        return "No row of the suite changed."
    return f"Changed:\n\n{markdown_rows(('row', 'published', 'now'), lines)}"


def _pictures(project: Project, standing: Standing, new: frozenset[str], folder: Path | None, address: str) -> str:
    if folder is None:
        return ""
    predictions = Predictions(cache_folder())
    shown: list[str] = []
    for cell, record in _worst(standing, new):
        labels = kept_labels(predictions, record)
        if labels is None or not cell.data.truth:
            continue
        name = f"worst-{len(shown) + 1}.png"
        write_picture(folder / name, cell_picture(project, cell, labels))
        score = record.metrics[standing.suite.primary]
        label = standing.suite.row(cell.row).label
        shown.append(
            f"![errors]({address}{name})\n\n{len(shown) + 1}. {markdown(label)} on {markdown(record.id.where)}: "
            f"{standing.suite.primary} {score:.4f}"
        )
        if len(shown) == WORST:
            break
    if not shown:
        return "No label image was kept, so no error can be shown."
    return "\n\n".join([f"The {len(shown)} worst ({LEGEND}):", *shown])


def _worst(standing: Standing, new: frozenset[str]) -> list[tuple[Cell, Record]]:
    """Return scored cells, the worst first: of new rows, else of all methods."""
    primary = standing.suite.primary
    sign = -1 if standing.metrics[primary].direction == "lower" else 1
    scored = [
        (cell, standing.current[cell.id])
        for cell in standing.cells
        if standing.is_done(cell) and not cell.uses_truth and (not new or cell.row in new)
    ]
    known = [(cell, record) for cell, record in scored if math.isfinite(record.metrics.get(primary, math.nan))]
    return sorted(known, key=lambda pair: sign * pair[1].metrics[primary])
