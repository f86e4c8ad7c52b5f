"""Two rows of a suite compared metric by metric: paired over folds, samples or repeats, corrected for many metrics."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from harness.claims.decide import LEAST_UNITS
from harness.model import Cell
from harness.standing.claims import FINER
from harness.statistics import Interval, holm, mean_interval, paired_difference
from harness.store import Record
from harness.suite import Suite
from harness.suite.schema import SpreadOver
from harness.verdicts import expected_keys, gaps, records_by_row, values_by_unit

LEVEL = 0.05


@dataclass(frozen=True, slots=True)
class PairedMetric:
    """A metric of two rows over the units that both have.

    means      of either row over these units; NaN without any
    interval   of the mean difference, second row minus first (95 %, paired t); None with fewer than three units
    p, p_holm  of the paired t test, and corrected for the number of metrics compared (Holm); None without a test
    better     the row that is better beyond chance after the correction; "" for none
    undefined  units left out because the metric is undefined for one of the rows
    """

    metric: str
    direction: str
    over: str
    n: int
    undefined: int
    means: tuple[float, float]
    interval: Interval | None = None
    p: float | None = None
    p_holm: float | None = None
    better: str = ""


@dataclass(frozen=True, slots=True)
class RowComparison:
    """Two rows compared; `gaps` says by row what is failed or missing of it."""

    rows: tuple[str, str]
    metrics: tuple[PairedMetric, ...]
    gaps: Mapping[str, str]


def compare_rows(
    suite: Suite,
    rows: tuple[str, str],
    records: Iterable[Record],
    cells: Iterable[Cell],
    *,
    directions: Mapping[str, str],
) -> RowComparison:
    """Return the comparison of two rows on every metric of a suite that `directions` names.

    Units are what the suite's spread is over; where either row has one of them, finer ones. Units that only one row
    has are left out. Raises `ConfigError` for a row that the suite does not have.
    """
    for row in rows:
        suite.row(row)
    expected = expected_keys(cells) or {}
    by_row = records_by_row(records, expected)
    own = {row: by_row.get(row, []) for row in rows}
    missing = {row: gaps(own[row], expected.get(row, frozenset())) for row in rows}
    over = _units(own, rows, suite.spread_over)
    found = [_paired(metric, direction, rows, own, over) for metric, direction in directions.items()]
    tested = [one for one in found if one.p is not None]
    corrected = dict(
        zip((one.metric for one in tested), holm([one.p for one in tested if one.p is not None]), strict=True)
    )
    judged = tuple(_judged(one, rows, corrected.get(one.metric)) for one in found)
    return RowComparison(rows, judged, {row: text for row, text in missing.items() if text})


def _units(records: Mapping[str, list[Record]], rows: tuple[str, str], over: SpreadOver) -> SpreadOver:
    """Return the coarsest units of which there are several."""
    while over in FINER and any(len(values_by_unit(records[row], "", over)) <= 1 for row in rows):
        over = FINER[over]
    return over


def _paired(
    metric: str, direction: str, rows: tuple[str, str], records: Mapping[str, list[Record]], over: SpreadOver
) -> PairedMetric:
    first, second = (values_by_unit(records[row], metric, over) for row in rows)
    shared = [(first[unit], second[unit]) for unit in first if unit in second]
    pairs = [pair for pair in shared if all(map(math.isfinite, pair))]
    n, undefined = len(pairs), len(shared) - len(pairs)
    means = (_mean([one for one, _ in pairs]), _mean([other for _, other in pairs]))
    if n < LEAST_UNITS:
        return PairedMetric(metric, direction, over, n, undefined, means)
    differences = [other - one for one, other in pairs]
    interval, p = mean_interval(differences), paired_difference(differences)
    return PairedMetric(metric, direction, over, n, undefined, means, interval, p)


def _judged(found: PairedMetric, rows: tuple[str, str], corrected: float | None) -> PairedMetric:
    if corrected is None or found.interval is None:
        return found
    is_second = (found.interval.mean > 0) == (found.direction == "higher")
    is_real = corrected < LEVEL and found.direction != "none"
    return replace(found, p_holm=corrected, better=rows[is_second] if is_real else "")


def _mean(values: list[float]) -> float:
    return math.fsum(values) / len(values) if values else math.nan
