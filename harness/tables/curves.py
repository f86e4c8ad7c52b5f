"""Score over threshold: the metrics `ap<percent>.<convention>` of a table, read as one curve per row and convention."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from harness.tables.grid import grouped
from harness.tables.model import Table, TableRow

LEAST_THRESHOLDS = 3
"""Two points are a line between two numbers that the table shows already."""

_METRIC = re.compile(r"ap([1-9][0-9]?|100)\.([A-Za-z0-9_-][A-Za-z0-9._-]*)")
"""The convention names a file, so it holds no separator of paths; ids of plug-ins are free text."""


@dataclass(frozen=True, slots=True)
class Point:
    """The score of a row at one threshold, as a fraction: `n` values, without the undefined ones.

    `mean` is NaN without a defined value, `sd` (with the ddof of the table) where it is not defined.
    """

    metric: str
    threshold: float
    mean: float
    sd: float
    n: int
    undefined: int

    @property
    def has_mean(self) -> bool:
        """Whether there is something to draw."""
        return math.isfinite(self.mean)

    @property
    def has_spread(self) -> bool:
        """Whether a spread says something; one value has none, whatever its ddof."""
        return self.n > 1 and self.has_mean and math.isfinite(self.sd)


@dataclass(frozen=True, slots=True)
class Curve:
    """One row over the thresholds, ascending; `heading` is that of its group in the table."""

    row: TableRow
    heading: str
    points: tuple[Point, ...]

    @property
    def is_drawn(self) -> bool:
        """Whether the row has a score at any threshold."""
        return any(point.has_mean for point in self.points)


@dataclass(frozen=True, slots=True)
class CurveFamily:
    """The curves of one convention, of every row, in the order and the groups of the table."""

    convention: str
    curves: tuple[Curve, ...]

    @property
    def drawn(self) -> tuple[Curve, ...]:
        """The curves that have something to draw."""
        return tuple(curve for curve in self.curves if curve.is_drawn)


def curve_families(table: Table) -> tuple[CurveFamily, ...]:
    """Return a family for each convention with enough thresholds, in the order of the columns; none for most suites."""
    thresholds: dict[str, dict[int, str]] = {}
    for column in table.columns:
        match = _METRIC.fullmatch(column.metric)
        if match and column.unit in ("percent", "fraction"):
            thresholds.setdefault(match[2], {})[int(match[1])] = column.metric
    return tuple(
        _family(table, convention, metrics)
        for convention, metrics in thresholds.items()
        if len(metrics) >= LEAST_THRESHOLDS
    )


def _family(table: Table, convention: str, metrics: dict[int, str]) -> CurveFamily:
    ascending = sorted(metrics.items())
    return CurveFamily(
        convention,
        tuple(
            Curve(row, heading, tuple(_point(table, row, percent, metric) for percent, metric in ascending))
            for heading, members in grouped(table.rows)
            for row in members
        ),
    )


def _point(table: Table, row: TableRow, percent: int, metric: str) -> Point:
    summary = row.scores[metric].summary
    return Point(metric, percent / 100, summary.mean, summary.sd(table.ddof), summary.n, summary.undefined)
