"""How numbers and header lines read, the same in every rendering."""

from __future__ import annotations

import math

from harness.suite import Published
from harness.tables.intervals import MEANING
from harness.tables.model import Column, Cost, Score, Table, TableRow
from harness.tables.ranks import meaning as rank_meaning

ABSENT = "-"
REPORTED = " (self-reported)"
_DECIMALS = {"percent": 2, "count": 1}
_ARROWS = {"higher": "↑", "lower": "↓"}


def heading(title: str, source: str) -> str:
    """Return the title of a table with its source, which stands once: a title may end with how the source begins."""
    if not source or source in title:
        return title
    words, bracket, named = title.removesuffix(")").rpartition(" (")
    return f"{words if bracket and source.startswith(named) else title} ({source})"


def number(value: float, unit: str) -> str:
    """Return a number with the decimals its unit deserves."""
    if math.isnan(value):
        return "undefined"
    return f"{value:.{_DECIMALS.get(unit, 4)}f}"


def score_text(score: Score, column: Column, ddof: int, *, has_intervals: bool = False) -> str:
    """Return "mean ± sd [from, to]", with the count of undefined cells where there are any."""
    summary = score.summary
    if summary.n == 0 and summary.undefined == 0:
        return ABSENT
    text = number(summary.mean * column.scale, column.unit)
    sd = summary.sd(ddof)
    if not math.isnan(sd):
        text += f" ± {number(sd * column.scale, column.unit)}"
    if has_intervals:
        text += f" [{interval_text(score, column)}]"
    return f"{text} ({summary.undefined} undefined)" if summary.undefined and summary.n else text


def interval_text(score: Score, column: Column) -> str:
    """Return the bounds of the interval of a mean; "open" where too few units decide nothing."""
    if score.interval is None:
        return "open"
    return ", ".join(number(bound * column.scale, column.unit) for bound in (score.interval.low, score.interval.high))


def mean_interval(row: TableRow, column: Column) -> str:
    """Return the 95 % interval of a mean, from the resamples that rank it.

    "open" where too few units decide nothing, "-" for what has no rank, and where cells without scores have values in
    the ranking that are none of the mean.
    """
    place = row.scores[column.metric].place
    if place is None or place.imputed:
        return ABSENT
    if not math.isfinite(place.mean_low):
        return "open"
    return " to ".join(number(bound * column.scale, column.unit) for bound in (place.mean_low, place.mean_high))


def published_text(published: Published | None, column: Column) -> str:
    """Return the published mean and spread in the unit of the column, with what a reader must know of them."""
    if published is None:
        return ABSENT
    mean, sd = (None if value is None else value * column.scale for value in published.in_metric_unit())
    text = (
        "illegible" if mean is None and published.illegible else ABSENT if mean is None else number(mean, column.unit)
    )
    if sd is not None:
        text += f" ± {number(sd, column.unit)}"
    return f"{text} [!]" if published.conflict or published.note else text


def cell_count(row: TableRow) -> str:
    """Return how many cells have scores, and of how many if not all."""
    return str(row.ok) if row.ok == row.cells else f"{row.ok} of {row.cells}"


def state_text(row: TableRow) -> str:
    """Return failures and missing cells of a row in words ("" if there are none)."""
    parts = ((row.failed, "failed"), (row.missing, "missing"))
    return ", ".join(f"{count} {name}" for count, name in parts if count)


def cost_texts(cost: Cost) -> tuple[str, str, str, str]:
    """Return seconds of a call, seconds of training, percent of the device kept busy by training, megabytes."""
    busy = ABSENT if cost.fit_busy is None else f"{cost.fit_busy:.0%}".rstrip("%")
    megabytes = ABSENT if cost.peak_bytes is None else f"{cost.peak_bytes / 1e6:.0f}"
    run = f"{_seconds(cost.run_s)}{REPORTED if cost.is_reported and cost.run_s is not None else ''}"
    return run, _seconds(cost.fit_s), busy, megabytes


def _seconds(value: float | None) -> str:
    return ABSENT if value is None else f"{value:.3g}"


def column_title(column: Column) -> str:
    """Return the metric with its unit and an arrow to the better side."""
    arrow = _ARROWS.get(column.direction, "")
    return f"{column.metric} ({column.unit}) {arrow}".rstrip()


def header_lines(table: Table) -> tuple[str, ...]:
    """Return what must be read before any number: suite, tier, data, how many cells, failures and missing first."""
    broken = ", ".join(f"{n} {name}" for n, name in ((table.failed, "FAILED"), (table.missing, "MISSING")) if n)
    count = f"{table.cells} cells: {f'{broken}, ' if broken else ''}{table.ok} ok"
    lines = [f"suite {table.suite} v{table.version}, tier {table.tier}; data: {table.data_note}", count]
    if table.stale:
        lines.append(f"{table.stale} of the missing cells have records of another chain, data or version, not shown")
    lines.append(f"mean ± sd over {table.over} (ddof = {table.ddof}); images of one value: {table.aggregation}")
    if table.has_intervals:
        lines.append(MEANING)
    if words := rank_meaning(table):
        lines.append(words)
    if table.machine:
        lines.append(f"seconds per image, seconds of training, peak memory: measured on {table.machine}")
    if table.has_published and not table.is_paper:
        lines.append(
            f"published values are those of {table.source or 'the source'}, on other data: "
            f"the {table.tier} tier is no reproduction and gets no verdict"
        )
    return (*lines, *table.notes)


def footnotes(table: Table) -> tuple[str, ...]:
    """Return a line for each published value marked [!]."""
    marked = (
        (row.label, metric, " ".join(part for part in (p.note, p.conflict) if part))
        for row in table.rows
        for metric, score in row.scores.items()
        if (p := score.published) is not None
    )
    return tuple(f"[!] {label}, {metric}: {text}" for label, metric, text in marked if text)


def row_notes(table: Table) -> tuple[str, ...]:
    """Return what the suite says of its rows: where weights come from and what trains on which tier."""
    return tuple(f"{row.label}: {row.note}" for row in table.rows if row.note)
