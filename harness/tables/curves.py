"""Figures as values: one builder makes curves over the thresholds of metrics and over the axes of rows."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from harness.claims.naming import NamedRow, Scalar, selected
from harness.suite.schema import THRESHOLD, FigureSpec, SecondsOf
from harness.tables.grid import grouped
from harness.tables.model import Column, Duration, Table, TableRow

LEAST_THRESHOLDS = 3
"""Two points are a line between two numbers that the table shows already."""

SECONDS = "seconds"
FRACTIONS = ("percent", "fraction")


@dataclass(frozen=True, slots=True)
class Point:
    """One place of a curve: `n` values, without the undefined ones, of the metric `y` of a row.

    x      the threshold or the value of the axis
    at     where it stands on the axis of the figure
    mean   a fraction, a count or seconds; NaN without a defined value, and where the point is a bound
    sd     with the ddof of the table; NaN where it is not defined
    bound  seconds that cells took at least, because `bounded` of them met the deadline; NaN for a plain point
    struck advisories by which its value counts no more: it has no mean
    """

    row: TableRow
    y: str
    x: Scalar
    at: float
    mean: float
    sd: float
    n: int
    undefined: int
    bounded: int = 0
    bound: float = math.nan
    struck: tuple[str, ...] = ()

    @property
    def has_mean(self) -> bool:
        """Whether there is a mean to draw."""
        return math.isfinite(self.mean)

    @property
    def has_spread(self) -> bool:
        """Whether a spread says something; one value has none, whatever its ddof."""
        return self.n > 1 and self.has_mean and math.isfinite(self.sd)

    def error(self, kind: str) -> float:
        """Return the half length of an error bar: "sd", or "se" for that of the mean; NaN without one."""
        if kind == "none" or not self.has_spread:
            return math.nan
        return self.sd / math.sqrt(self.n) if kind == "se" else self.sd


@dataclass(frozen=True, slots=True)
class Curve:
    """One line of a figure, its points by ascending x; `heading` is that of its group in the table."""

    label: str
    heading: str
    points: tuple[Point, ...]

    @property
    def rows(self) -> tuple[TableRow, ...]:
        """The rows of its points, each once."""
        return tuple({(point.row.id, point.row.dataset): point.row for point in self.points}.values())

    @property
    def is_whole(self) -> bool:
        """Whether every cell has a score."""
        return all(row.ok == row.cells for row in self.rows)

    @property
    def is_drawn(self) -> bool:
        """Whether there is anything to draw."""
        return any(point.has_mean or point.bounded for point in self.points)


@dataclass(frozen=True, slots=True)
class Panel:
    """The curves of one value of an axis ("" where a figure has one panel)."""

    title: str
    curves: tuple[Curve, ...]


@dataclass(frozen=True, slots=True)
class CurveFigure:
    """What is drawn: panels of curves over one axis, declared by a suite or made of its thresholds.

    name        what the files are called
    what        y in words, `over` the axis x in words
    ticks       where x has names instead of numbers, and what they are; for numbers their own text
    error       what error bars are; a band is drawn for thresholds
    is_share    y lies within 0 and 1
    is_automatic  no suite declares it: it is made of a series of metrics
    """

    name: str
    title: str
    what: str
    over: str
    panels: tuple[Panel, ...]
    ticks: tuple[tuple[float, str], ...]
    scale: Literal["linear", "log"] = "linear"
    error: Literal["none", "sd", "se"] = "sd"
    is_share: bool = True
    is_automatic: bool = False

    @property
    def is_of_thresholds(self) -> bool:
        """Whether x is a threshold."""
        return self.over == f"IoU {THRESHOLD}"

    @property
    def curves(self) -> tuple[Curve, ...]:
        """The curves of every panel."""
        return tuple(curve for panel in self.panels for curve in panel.curves)

    @property
    def drawn(self) -> tuple[Curve, ...]:
        """The curves that have something to draw."""
        return tuple(curve for curve in self.curves if curve.is_drawn)


def curve_figures(table: Table) -> tuple[CurveFigure, ...]:
    """Return the figures of a table: a figure of each series with enough thresholds, then those that are declared."""
    series: dict[str, list[Column]] = {}
    for column in table.columns:
        if column.at is not None and column.unit in FRACTIONS:
            series.setdefault(column.at[0], []).append(column)
    declared = {figure.y for figure in table.figures if figure.x == THRESHOLD and isinstance(figure.y, str)}
    automatic = (
        FigureSpec(id=name, x=THRESHOLD, y=name, error="sd")
        for name, columns in series.items()
        if len(columns) >= LEAST_THRESHOLDS and name not in declared
    )
    figures = (*((spec, True) for spec in automatic), *((spec, False) for spec in table.figures))
    return tuple(_figure(table, spec, is_automatic=automatic) for spec, automatic in figures)


def _figure(table: Table, spec: FigureSpec, *, is_automatic: bool) -> CurveFigure:
    chosen = _rows(table, spec)
    is_over_thresholds = spec.x == THRESHOLD
    columns = sorted((c for c in table.columns if c.at and c.at[0] == spec.y), key=lambda c: c.at[1] if c.at else 0.0)
    values: list[Scalar] = (
        [column.at[1] for column in columns if column.at]
        if is_over_thresholds
        else list(dict.fromkeys(row.axes[spec.x] for row in chosen if spec.x in row.axes))
    )
    places = _places(values)
    panels = []
    for title in dict.fromkeys(row.axes.get(spec.panels, "") if spec.panels else "" for row in chosen):
        own = [row for row in chosen if not spec.panels or row.axes.get(spec.panels, "") == title]
        curves = (
            _threshold_curves(table, spec, own, columns)
            if is_over_thresholds
            else _axis_curves(table, spec, own, places)
        )
        named = f"{spec.panels} = {title}" if spec.panels else ""
        panels.append(Panel(named, tuple(curves)))
    what, is_share = _what(table, spec)
    return CurveFigure(
        name=f"curve-{_convention(spec)}" if is_automatic else f"figure-{spec.id}",
        title=_convention(spec) if is_automatic else spec.title or f"{what} over {spec.x}",
        what=what,
        over=f"IoU {THRESHOLD}" if is_over_thresholds else spec.x,
        panels=tuple(panels),
        ticks=tuple((place, f"{x:.2f}" if is_over_thresholds else str(x)) for x, place in places),
        scale=spec.scale,
        error=spec.error,
        is_share=is_share,
        is_automatic=is_automatic,
    )


def _rows(table: Table, spec: FigureSpec) -> list[TableRow]:
    """Return the rows of a figure in the order of the table; those that have no value on its axes are left out."""
    named = [NamedRow(row.id, row.axes) for row in table.rows]
    kept = set(selected(spec.rows, named)) if spec.rows else {row.id for row in named}
    needed = [axis for axis in (spec.x, spec.lines, spec.panels) if axis and axis != THRESHOLD]
    return [row for row in table.rows if row.id in kept and all(axis in row.axes for axis in needed)]


def _places(values: Sequence[Scalar]) -> list[tuple[Scalar, float]]:
    """Return where values stand on the axis: numbers where they are, ascending; with a name among them, in order."""
    numbers = [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    if len(numbers) == len(values):
        return [(value, float(value)) for value in sorted(numbers)]
    return [(value, float(place)) for place, value in enumerate(values)]


def _threshold_curves(
    table: Table, spec: FigureSpec, rows: Sequence[TableRow], columns: Sequence[Column]
) -> Iterable[Curve]:
    for heading, members in grouped(tuple(rows)):
        for row in members:
            points = (_score_point(table, row, column.metric, column.at[1]) for column in columns if column.at)
            yield Curve(_line(spec, row), heading, tuple(points))


def _axis_curves(
    table: Table, spec: FigureSpec, rows: Sequence[TableRow], places: Sequence[tuple[Scalar, float]]
) -> Iterable[Curve]:
    for name in dict.fromkeys(_line(spec, row) for row in rows):
        points = [
            _point(table, spec, row, x, place)
            for x, place in places
            for row in rows
            if _line(spec, row) == name and row.axes[spec.x] == x
        ]
        yield Curve(name, "", tuple(points))


def _line(spec: FigureSpec, row: TableRow) -> str:
    """Return what a row's line is called; over an axis of rows each data set of a suite has lines of its own."""
    name = str(row.axes[spec.lines]) if spec.lines else ""
    if spec.x == THRESHOLD:
        return name or row.label
    return ", ".join(part for part in (name, row.dataset) if part)


def _point(table: Table, spec: FigureSpec, row: TableRow, x: Scalar, place: float) -> Point:
    if isinstance(spec.y, str):
        return _score_point(table, row, spec.y, x, place)
    duration = row.durations.get(spec.y.since)
    return _duration_point(table, row, x, place, duration)


def _score_point(table: Table, row: TableRow, metric: str, x: Scalar, place: float | None = None) -> Point:
    score = row.scores[metric]
    summary, at = score.summary, float(x) if place is None else place
    if score.struck:
        return Point(row, metric, x, at, math.nan, math.nan, summary.n, summary.undefined, struck=score.struck)
    return Point(row, metric, x, at, summary.mean, summary.sd(table.ddof), summary.n, summary.undefined)


def _duration_point(table: Table, row: TableRow, x: Scalar, place: float, duration: Duration | None) -> Point:
    if duration is None:
        return Point(row, SECONDS, x, place, math.nan, math.nan, 0, 0)
    summary, bounded = duration.summary, duration.bounded
    if bounded:
        return Point(
            row, SECONDS, x, place, math.nan, math.nan, summary.n, summary.undefined, bounded, duration.deadline_s
        )
    return Point(row, SECONDS, x, place, summary.mean, summary.sd(table.ddof), summary.n, summary.undefined)


def _what(table: Table, spec: FigureSpec) -> tuple[str, bool]:
    """Return what y is in words and whether it lies within 0 and 1."""
    if isinstance(spec.y, SecondsOf):
        return f"seconds since {spec.y.since}" if spec.y.since else SECONDS, False
    if spec.x == THRESHOLD:
        return f"average precision ({_convention(spec)})", True
    column = next(column for column in table.columns if column.metric == spec.y)
    return column.metric, column.unit in FRACTIONS


def _convention(spec: FigureSpec) -> str:
    """Return what a series is called after its kind: "gonuclear" of "ap.gonuclear"."""
    return str(spec.y).partition(".")[2] or str(spec.y)
