"""Two rows of a suite compared metric by metric: paired over folds, samples or repeats, corrected for many metrics.

With fewer than `BOOTSTRAP_UNITS` units interval and p are those of the paired t test; from there on the interval is
that of the cluster bootstrap of the differences (units, samples in them, folds and repeats in these) and p that of
exchanged signs of the units' differences.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from harness.errors import ConfigError, nearest
from harness.standing.standing import Standing
from harness.standing.units import Unit, nested_differences, nested_values, row_units
from harness.statistics import (
    BOOTSTRAP_UNITS,
    LEAST_UNITS,
    Interval,
    holm,
    mean_interval,
    nested_interval,
    paired_difference,
    sign_flips,
)
from harness.suite.schema import SpreadOver

LEVEL = 0.05


@dataclass(frozen=True, slots=True)
class PairedMetric:
    """A metric of two rows over the units that both have.

    means      of either row over these units; NaN without any
    interval   of the mean difference, second row minus first (95 %); None with fewer than three units
    p, p_holm  of the paired test, and corrected for the number of metrics compared (Holm); None without a test
    test       "paired t" or "cluster bootstrap, sign flips"; "" without one
    outcome    "better" if one row is better beyond chance after the correction, "differ" if they differ so on a metric
               that has no better, "open" where this is not decided
    better     the row that is better; "" for none
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
    test: str = ""
    outcome: Literal["better", "differ", "open"] = "open"
    better: str = ""


@dataclass(frozen=True, slots=True)
class RowComparison:
    """Two rows compared; `gaps` says by row what is failed or missing of it."""

    rows: tuple[str, str]
    metrics: tuple[PairedMetric, ...]
    gaps: Mapping[str, str]


def compare_rows(standing: Standing, rows: tuple[str, str], metrics: Sequence[str] = ()) -> RowComparison:
    """Return the comparison of two rows on metrics of a suite; none named are all of them.

    Units are those of `row_units`; what only one row has is left out, and altered records count for nothing. Raises
    `ConfigError` for a row or a metric that the suite does not have.
    """
    suite, directions = standing.suite, standing.directions
    for row in rows:
        suite.row(row)
    for metric in metrics:
        if metric not in directions:
            raise ConfigError(f"suite '{suite.id}' has no metric '{metric}'{nearest(metric, directions)}")
    missing = {row: standing.of(row).gaps for row in rows}
    found = [_paired(metric, standing, rows) for metric in metrics or directions]
    tested = [one for one in found if one.p is not None]
    corrected = dict(
        zip((one.metric for one in tested), holm([one.p for one in tested if one.p is not None]), strict=True)
    )
    judged = tuple(_judged(one, rows, corrected.get(one.metric)) for one in found)
    return RowComparison(rows, judged, {row: text for row, text in missing.items() if text})


def _paired(metric: str, standing: Standing, rows: tuple[str, str]) -> PairedMetric:
    own = {row: standing.of(row).scored for row in rows}
    over, values = row_units(own, metric, standing.suite.spread_over, standing.combine)
    direction = standing.directions[metric]
    first, second = (values[row] for row in rows)
    shared = {unit: (first[unit], second[unit]) for unit in first if unit in second}
    pairs = {unit: pair for unit, pair in shared.items() if all(map(math.isfinite, pair))}
    n, undefined = len(pairs), len(shared) - len(pairs)
    means = (_mean([one for one, _ in pairs.values()]), _mean([other for _, other in pairs.values()]))
    if n < LEAST_UNITS:
        return PairedMetric(metric, direction, over, n, undefined, means)
    differences = [other - one for one, other in pairs.values()]
    if n < BOOTSTRAP_UNITS:
        interval, p, test = mean_interval(differences), paired_difference(differences), "paired t"
    else:
        interval, test = _bootstrapped(metric, standing, rows, over, pairs), "cluster bootstrap, sign flips"
        p = sign_flips(differences)
    return PairedMetric(metric, direction, over, n, undefined, means, interval, p, test=test)


def _bootstrapped(
    metric: str, standing: Standing, rows: tuple[str, str], over: SpreadOver, units: Mapping[Unit, object]
) -> Interval:
    """Return the interval of the mean difference over units and over what lies in them."""
    how = standing.suite.file.aggregation
    first, second = (nested_values(standing.of(row).scored, metric, over, standing.combine, how) for row in rows)
    differences = {path: one for path, one in nested_differences(first, second).items() if path[0] in units}
    interval = nested_interval(list(differences.values()), list(differences))
    assert interval is not None
    return interval


def _judged(found: PairedMetric, rows: tuple[str, str], corrected: float | None) -> PairedMetric:
    if corrected is None or found.interval is None:
        return found
    if corrected >= LEVEL or not found.interval.excludes_zero:
        return replace(found, p_holm=corrected)
    if found.direction == "none":
        return replace(found, p_holm=corrected, outcome="differ")
    is_second = (found.interval.mean > 0) == (found.direction == "higher")
    return replace(found, p_holm=corrected, outcome="better", better=rows[is_second])


def _mean(values: list[float]) -> float:
    return math.fsum(values) / len(values) if values else math.nan
