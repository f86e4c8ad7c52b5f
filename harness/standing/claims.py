"""Claims of a suite, decided over its records and timings. Pure functions; nothing is read or run here."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from harness.advisories import Advisory
from harness.claims import (
    SECONDS,
    Decision,
    Group,
    Outcome,
    UndecidableError,
    decide,
    holds_as_printed,
)
from harness.claims.bounds import ValueBound
from harness.claims.printed import EqualPublished
from harness.claims.ranking import Fastest
from harness.claims.rule import ClaimRule
from harness.model import Tier
from harness.standing.standing import RowStanding, Standing
from harness.standing.units import Unit, row_units
from harness.standing.values import values_by_unit
from harness.statistics import summarise
from harness.store.records import Record, Timing
from harness.suite.schema import ClaimSpec

Bound: TypeAlias = tuple[tuple[str, Any], ...]


@dataclass(frozen=True, slots=True)
class ClaimVerdict:
    """What the records say about a claim, why, and with which numbers on which data.

    agreement  in how many comparisons of single folds (or what else a mean is over) it shows too
    margin     the comparison with the least margin and its interval
    printed    whether the source's own numbers satisfy it: "hold" or "do not hold"; "" where it does not print all
    """

    claim: str
    sentence: str
    where: str
    outcome: Outcome
    why: str
    numbers: tuple[tuple[str, float], ...]
    tier: Tier
    data: str
    agreement: str = ""
    margin: str = ""
    printed: str = ""


def check_claims(standing: Standing) -> tuple[ClaimVerdict, ...]:
    """Return what a standing says of every claim of its suite, in declared order.

    A claim on a row that lacks a cell, has one that failed or was altered, or scores that an advisory strikes out is
    not decided.
    """
    checker = _Checker(standing)
    return tuple(checker.verdict(claim) for claim in standing.suite.claims)


class _Checker:
    """The claims of one suite on one tier."""

    def __init__(self, standing: Standing) -> None:
        self._standing = standing
        self._suite = standing.suite
        self._tier = standing.tier
        self._directions = standing.directions
        self._suites = {standing.suite.id: standing.suite, **standing.suites}
        self._combine = standing.combine

    def verdict(self, claim: ClaimSpec) -> ClaimVerdict:
        """Decide one claim."""
        numbers: list[tuple[str, float]] = []
        bound: Bound = claim.rule.bound(self._suite.named_rows)
        data = "printed values" if isinstance(claim.rule, EqualPublished) else self._data(claim, bound)
        try:
            if claim.tiers and self._tier not in claim.tiers:
                raise UndecidableError(f"checked on {', '.join(claim.tiers)} only")
            if isinstance(claim.rule, EqualPublished):
                found = self._equal_published(claim, claim.rule, numbers)
            else:
                found = decide([*self._statements(claim, bound, numbers)], exact=claim.exact)
        except UndecidableError as reason:
            found = Decision("open", str(reason))
        return ClaimVerdict(
            claim=claim.id,
            sentence=claim.sentence,
            where=claim.where,
            outcome=found.outcome,
            why=found.why,
            numbers=tuple(numbers),
            tier=self._tier,
            data=data,
            agreement=found.agreement,
            margin=found.margin,
            printed=self._as_printed(claim, bound),
        )

    def _statements(
        self, claim: ClaimSpec, bound: Bound, numbers: list[tuple[str, float]]
    ) -> Iterator[tuple[Group, ClaimRule]]:
        """Yield each group of comparable numbers with the rule that it is to satisfy."""
        for stratum, rule in bound:
            rows = rule.named()
            self._check_floor(claim, rows)
            for group in self._groups(claim, rule, rows):
                label = f" on {group.name}" if group.name else ""
                numbers += [(f"{row}{label}", mean) for row, mean in group.means.items()]
                self._check_defined(claim, group)
                named = ", ".join(part for part in (group.name, stratum) if part)
                yield (
                    Group(named, group.means, group.prefer, group.spreads, group.units, group.over),
                    rule,
                )

    def _groups(self, claim: ClaimSpec, rule: ClaimRule, rows: Sequence[str]) -> Iterator[Group]:
        metric = self._metric(claim)
        if metric == SECONDS:
            yield from self._timing_groups(claim, rule, rows)
        else:
            yield self._score_group(claim, metric, rows)

    def _score_group(self, claim: ClaimSpec, metric: str, rows: Sequence[str]) -> Group:
        """Return the scores of rows with what they are compared over; means and spreads are those of the table."""
        suite = self._suite
        records = {row: self._whole(claim, row, metric) for row in rows}
        by_row = {row: values_by_unit(own, metric, suite.spread_over, self._combine) for row, own in records.items()}
        summaries = {row: summarise(list(found.values())) for row, found in by_row.items()}
        over, values = row_units(records, metric, suite.spread_over, self._combine)
        spreads = {
            row: summary.sd(suite.file.spread_ddof) if summary.n > 1 else math.nan for row, summary in summaries.items()
        }
        means = {row: summary.mean if not summary.undefined else math.nan for row, summary in summaries.items()}
        return Group("", means, self._directions[metric], spreads, values, over)

    def _row(self, claim: ClaimSpec, row: str) -> RowStanding:
        """Return the standing of a row on the data that a claim is about."""
        standing = self._standing.of(row)
        return standing.on(claim.dataset) if claim.dataset else standing

    def _whole(self, claim: ClaimSpec, row: str, metric: str) -> tuple[Record, ...]:
        """Return the records of a row; raises `UndecidableError` where cells failed, are missing or lack the score."""
        standing = self._row(claim, row)
        if standing.gaps or not standing.scored:
            raise UndecidableError(f"row '{row}': {standing.gaps or 'no records'}")
        if not any(metric in record.metrics for record in standing.scored):
            raise UndecidableError(f"row '{row}': no scores of {metric}")
        if about := self._standing.struck_by(row, claim.dataset, metric):
            raise UndecidableError(f"row '{row}': {metric} is struck out by {_ids(about)}")
        return standing.scored

    def _check_floor(self, claim: ClaimSpec, rows: Sequence[str]) -> None:
        """Raise `UndecidableError` where a named row is worse than the floor, or has no mean to hold against it."""
        floors = claim.floor if isinstance(claim.floor, dict) else {}
        if isinstance(claim.floor, float):
            floors = {self._metric(claim): claim.floor}
        for metric, floor in floors.items():
            group = self._score_group(claim, metric, rows)
            for row, mean in group.means.items():
                if math.isnan(mean):
                    raise UndecidableError(f"row '{row}': {metric} is undefined, and has a floor of {floor:g}")
                if group.sign * (mean - floor) < 0:
                    side = "below" if group.sign > 0 else "above"
                    raise UndecidableError(
                        f"row '{row}' has learnt nothing: {metric} {mean:.4g} is {side} the floor of {floor:g}"
                    )

    def _check_defined(self, claim: ClaimSpec, group: Group) -> None:
        for row, mean in group.means.items():
            if math.isnan(mean):
                undefined = sum(map(math.isnan, group.units[row].values()))
                raise UndecidableError(f"row '{row}': the metric is undefined in {undefined} values")
        if self._metric(claim) != SECONDS and group.sign > 0 and not any(group.means.values()):
            raise UndecidableError("every row scores 0: there is nothing to compare")

    def _timing_groups(self, claim: ClaimSpec, rule: ClaimRule, rows: Sequence[str]) -> Iterator[Group]:
        """Yield one group per machine, device and threads that timed every row.

        It is over the places that all rows share; where each row is held against a value alone, over its own.
        """
        stage = rule.stage if isinstance(rule, Fastest) else ""
        seconds: dict[str, dict[str, dict[Unit, float]]] = defaultdict(lambda: defaultdict(dict))
        for timing in self._standing.timed:
            if timing.row not in rows or claim.dataset not in ("", timing.dataset):
                continue
            value = seconds_of(timing, stage=stage, since=claim.since)
            if value is not None:
                machine = f"{timing.machine}, {timing.device}, {timing.threads} threads"
                place = (timing.dataset, timing.sample, timing.fold, timing.repeat)
                seconds[machine][timing.row][place] = value
        found, is_apart = False, isinstance(rule, ValueBound)
        for machine, by_row in sorted(seconds.items()):
            shared = set.intersection(*(set(by_row[row]) for row in rows))
            if shared or (is_apart and all(by_row[row] for row in rows)):
                found = True
                places = {row: sorted(by_row[row] if is_apart else shared) for row in rows}
                units = {row: {place: by_row[row][place] for place in places[row]} for row in rows}
                summaries = {row: summarise(list(values.values())) for row, values in units.items()}
                spreads = {row: summary.sd(self._suite.file.spread_ddof) for row, summary in summaries.items()}
                means = {row: summary.mean for row, summary in summaries.items()}
                yield Group(machine, means, "lower", spreads, units, "cells")
        if not found:
            where = "" if is_apart else " on a common sample"
            raise UndecidableError(f"no machine has timed every row{where}")

    def _equal_published(self, claim: ClaimSpec, rule: EqualPublished, numbers: list[tuple[str, float]]) -> Decision:
        metric = self._metric(claim)
        differing: list[str] = []
        for name in rule.values:
            printed = {entry: self._printed(entry, metric, name) for entry in rule.entries}
            numbers += [(f"{entry} {name}", value) for entry, value in printed.items()]
            contrasts = rule.contrasts(Group(name, printed, "higher"))
            differing += dict.fromkeys(one.problem for one in contrasts if not one.is_true_of_means)
        return Decision("does not hold" if differing else "holds", "; ".join(differing))

    def _printed(self, entry: str, metric: str, name: str) -> float:
        suite_id, _, row = entry.rpartition("/")
        suite = self._suites.get(suite_id or self._suite.id)
        if suite is None:
            raise UndecidableError(f"suite '{suite_id}' is not at hand")
        published = suite.published.get(row, {}).get(metric)
        value = None if published is None else published.in_metric_unit()[("mean", "sd").index(name)]
        if value is None:
            raise UndecidableError(f"{entry}: no {name} is printed for {metric}")
        return value

    def _as_printed(self, claim: ClaimSpec, bound: Bound) -> str:
        """Return what the source's own numbers say; "" where it does not print those of every row."""
        metric = self._metric(claim)
        if isinstance(claim.rule, EqualPublished) or metric == SECONDS or claim.dataset:
            return ""
        try:
            found = [holds_as_printed(rule, self._printed_group(metric, rule.named())) for _, rule in bound]
        except UndecidableError:
            return ""
        return "hold" if all(found) else "do not hold"

    def _printed_group(self, metric: str, rows: Sequence[str]) -> Group:
        means = {row: self._printed(row, metric, "mean") for row in rows}
        spreads = {}
        for row in rows:
            sd = self._suite.published[row][metric].in_metric_unit()[1]
            spreads[row] = math.nan if sd is None else sd
        return Group("", means, self._directions[metric], spreads)

    def _metric(self, claim: ClaimSpec) -> str:
        return SECONDS if isinstance(claim.rule, Fastest) else claim.metric or self._suite.primary

    def _data(self, claim: ClaimSpec, bound: Bound) -> str:
        samples: dict[str, set[str]] = defaultdict(set)
        for row in dict.fromkeys(row for _, rule in bound for row in rule.named()):
            for record in self._row(claim, row).records:
                samples[record.dataset].add(record.sample)
        named = ", ".join(f"{dataset} ({len(ids)} samples)" for dataset, ids in sorted(samples.items()))
        return named or "no data"


def _ids(about: Sequence[Advisory]) -> str:
    return ", ".join(f"advisory {one.spec.id}" for one in about)


def seconds_of(timing: Timing, *, stage: str = "", since: str = "") -> float | None:
    """Return the seconds of one stage, of the stages after one, or of the whole chain; None where one is unknown.

    A use of a stage that its row names is found by that name.
    """
    if not stage and not since:
        return timing.run_s
    names = [own.called for own in timing.stages]
    if (stage or since) not in names:
        return None
    own = timing.stages
    chosen = [one for one in own if one.called == stage] if stage else own[len(names) - names[::-1].index(since) :]
    parts = [one.run_s for one in chosen]
    return None if None in parts else math.fsum(part for part in parts if part is not None)
