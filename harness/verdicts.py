"""Verdicts on printed values: the mean of a row's records beside what the source prints."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from harness.aggregation import Combine, mean_of_images
from harness.model import Cell, Tier
from harness.statistics import Summary, summarise
from harness.store.records import Record
from harness.suite.schema import Published, SpreadOver, VerdictRule
from harness.suite.suite import Suite

Outcome = Literal["reproduced", "not reproduced", "not comparable", "missing"]


@dataclass(frozen=True, slots=True)
class ScoreVerdict:
    """What can be said about one printed value, and why.

    `summary` is over the row's own values (None without any); `printed_mean` and `printed_sd` are in the metric's
    unit; `allowed` is the largest difference that counts as reproduced.
    """

    row: str
    metric: str
    outcome: Outcome
    reason: str
    summary: Summary | None = None
    printed_mean: float | None = None
    printed_sd: float | None = None
    allowed: float | None = None


def values_of(
    records: Iterable[Record], metric: str, over: SpreadOver, combine: Combine = mean_of_images
) -> list[float]:
    """Return the values whose mean and spread a table shows: one per fold, sample or repeat, each combined of images.

    Records that failed are left out; a NaN score makes the value it belongs to NaN. The order is that of first
    appearance.
    """
    return list(values_by_unit(records, metric, over, combine).values())


def values_by_unit(
    records: Iterable[Record], metric: str, over: SpreadOver, combine: Combine = mean_of_images
) -> dict[tuple[object, ...], float]:
    """Return the values of `values_of` by what they belong to, so that those of two rows can be paired."""
    groups: dict[tuple[object, ...], list[Record]] = defaultdict(list)
    for record in records:
        if record.status == "ok":
            groups[unit_of(record, over)].append(record)
    return {unit: combine(own, metric) for unit, own in groups.items()}


def gaps(records: Sequence[Record], expected: Collection[str] | None) -> str:
    """Return what is missing of a row ("" for nothing): failed records by status, and expected cells without one."""
    failed = Counter(record.status for record in records if record.status != "ok")
    parts = [f"{count} failed ({status})" for status, count in sorted(failed.items())]
    if expected is not None:
        absent = len(set(expected) - {record.cell for record in records})
        if absent:
            parts.append(f"{absent} not run")
    elif not records:
        parts.append("no records")
    return ", ".join(parts)


def score_verdict(
    row: str,
    metric: str,
    published: Published | None,
    records: Sequence[Record],
    *,
    tier: Tier,
    rule: VerdictRule,
    over: SpreadOver,
    ddof: int,
    expected: Collection[str] | None = None,
    combine: Combine = mean_of_images,
) -> ScoreVerdict:
    """Return the verdict on one printed value.

    A value is reproduced if the means differ by at most max(tolerance, spreads * sd), sd being the printed one, else
    the own one with `ddof`. `records` are those of the row; `expected` are the keys of all its cells, where known.
    """
    values = values_of(records, metric, over, combine)
    summary = summarise(values) if values else None
    mean, sd = published.in_metric_unit() if published else (None, None)

    def verdict(outcome: Outcome, reason: str, allowed: float | None = None) -> ScoreVerdict:
        conflict = f"; {published.conflict}" if published and published.conflict else ""
        return ScoreVerdict(row, metric, outcome, reason + conflict, summary, mean, sd, allowed)

    if mean is None:
        is_lost = published is not None and published.illegible
        return verdict("not comparable", "the printed value is illegible" if is_lost else "no value is printed")
    if tier != "paper":
        return verdict("not comparable", f"tier '{tier}' runs on other data than the printed value")
    missing = gaps(records, expected)
    if missing or summary is None:
        return verdict("missing", missing or "no records")
    if summary.undefined:
        return verdict("not comparable", f"the metric is undefined in {summary.undefined} of {len(values)} values")
    allowed, meaning = _allowed(rule, sd, summary.sd(ddof))
    difference = abs(summary.mean - mean)
    reason = f"the means differ by {difference:.4g}; allowed: {allowed:.4g} ({meaning})"
    return verdict("reproduced" if difference <= allowed else "not reproduced", reason, allowed)


def suite_verdicts(
    suite: Suite,
    tier: Tier,
    records: Iterable[Record],
    cells: Iterable[Cell] | None = None,
    *,
    combine: Combine = mean_of_images,
) -> tuple[ScoreVerdict, ...]:
    """Return the verdict on every printed value of a suite, by row and metric in the order of the table.

    `cells` are those of the tier (`expand`); without them cells that were never run go unnoticed.
    """
    expected = expected_keys(cells)
    by_row = records_by_row(records, expected)
    return tuple(
        score_verdict(
            row.id,
            metric,
            row.published[metric],
            by_row.get(row.id, ()),
            tier=tier,
            rule=suite.verdict,
            over=suite.spread_over,
            ddof=suite.spread_ddof,
            expected=None if expected is None else expected.get(row.id, ()),
            combine=combine,
        )
        for row in suite.rows
        for metric in suite.metrics
        if metric in row.published
    )


def expected_keys(cells: Iterable[Cell] | None) -> dict[str, frozenset[str]] | None:
    """Return the keys of the cells of each row."""
    if cells is None:
        return None
    keys: dict[str, set[str]] = defaultdict(set)
    for cell in cells:
        keys[cell.row].add(cell.key)
    return {row: frozenset(own) for row, own in keys.items()}


def records_by_row(
    records: Iterable[Record], expected: Mapping[str, Collection[str]] | None
) -> dict[str, list[Record]]:
    """Return the records of each row; with `expected`, only those of expected cells (others are out of date)."""
    by_row: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        if expected is None or record.cell in expected.get(record.row, ()):
            by_row[record.row].append(record)
    return by_row


def unit_of(record: Record, over: SpreadOver) -> tuple[object, ...]:
    """Return what a value of mean and spread belongs to: a fold, a sample or a repeat."""
    if over == "folds":
        return (record.dataset, record.fold)
    if over == "samples":
        return (record.dataset, record.sample)
    return (record.repeat,)


def _allowed(rule: VerdictRule, printed_sd: float | None, own_sd: float) -> tuple[float, str]:
    if printed_sd is not None:
        spread, name = printed_sd, "printed sd"
    elif not math.isnan(own_sd):
        spread, name = own_sd, "own sd, none is printed"
    else:
        return rule.tolerance, "tolerance; there is no spread"
    if rule.spreads * spread >= rule.tolerance:
        return rule.spreads * spread, f"{rule.spreads:g} x {name}"
    return rule.tolerance, "tolerance"
