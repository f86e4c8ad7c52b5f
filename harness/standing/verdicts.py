"""Verdicts on printed values: the mean of a row's records beside what the source prints."""

from __future__ import annotations

import math
from dataclasses import dataclass

from harness.datatables import Outcome
from harness.standing.standing import Standing
from harness.standing.values import values_of
from harness.statistics import Summary, summarise
from harness.suite import Published, Row
from harness.suite.schema import VerdictRule


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


def suite_verdicts(standing: Standing) -> tuple[ScoreVerdict, ...]:
    """Return the verdict on every printed value of a suite, by row and metric in the order of the table."""
    return tuple(
        score_verdict(standing, row, metric)
        for row in standing.suite.rows
        for metric in standing.suite.metrics
        if metric in row.published
    )


def score_verdict(standing: Standing, row: Row, metric: str) -> ScoreVerdict:
    """Return what can be said about the printed value of one metric of one row.

    The mean is over what the suite says; the spread is the printed one, else its own.
    """
    suite, own, published = standing.suite, standing.of(row.id), row.published.get(metric)
    values = values_of(own.scored, metric, suite.spread_over, standing.combine)
    summary = summarise(values) if values else None
    mean, sd = published.in_metric_unit() if published else (None, None)

    def verdict(outcome: Outcome, reason: str, allowed: float | None = None) -> ScoreVerdict:
        conflict = f"; {published.conflict}" if published and published.conflict else ""
        return ScoreVerdict(row.id, metric, outcome, reason + conflict, summary, mean, sd, allowed)

    if mean is None:
        return verdict("not comparable", _no_mean(published))
    if standing.tier != "paper":
        return verdict("not comparable", f"tier '{standing.tier}' runs on other data than the printed value")
    if own.gaps or summary is None:
        return verdict("missing", own.gaps or "no records")
    if about := standing.struck_by(row.id, "", metric):
        return verdict("not comparable", "; ".join(one.words for one in about))
    if summary.undefined:
        return verdict("not comparable", f"the metric is undefined in {summary.undefined} of {len(values)} values")
    allowed, meaning = _allowed(suite.file.verdict, sd, summary.sd(suite.file.spread_ddof))
    difference = abs(summary.mean - mean)
    reason = f"the means differ by {difference:.4g}; allowed: {allowed:.4g} ({meaning})"
    return verdict("reproduced" if difference <= allowed else "not reproduced", reason, allowed)


def _no_mean(published: Published | None) -> str:
    is_lost = published is not None and published.illegible
    return "the printed value is illegible" if is_lost else "no value is printed"


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
