"""Claims: sentences of a source, decided over records and timings. Pure functions; nothing is read or run here."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise, product
from typing import Literal, TypeAlias

from harness.model import Cell, Tier
from harness.statistics import Summary, summarise
from harness.store.records import Record, Timing
from harness.suite.rules import (
    SECONDS,
    Best,
    EqualPublished,
    Fastest,
    Monotone,
    RanksAbove,
    SmallerEffect,
    Within,
    rule_rows,
)
from harness.suite.schema import ClaimSpec
from harness.suite.suite import Suite
from harness.verdicts import expected_keys, gaps, records_by_row, values_by_unit

Direction = Literal["higher", "lower"]
Place: TypeAlias = tuple[str, str, str, int]
Unit: TypeAlias = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class ClaimVerdict:
    """Whether a claim holds (None: cannot be decided), why, and with which numbers on which data.

    `agreement` says in how many comparisons of single folds (or what else a mean is over) a ranking shows too.
    """

    claim: str
    sentence: str
    where: str
    holds: bool | None
    why: str
    numbers: tuple[tuple[str, float], ...]
    tier: Tier
    data: str
    agreement: str = ""


class _UndecidableError(Exception):
    """The reason why a claim cannot be decided."""


@dataclass(frozen=True, slots=True)
class _Group:
    """Summaries of rows that may be compared with each other: all scores, or seconds of one machine.

    `units` has the single values of each row's mean, for scores.
    """

    name: str
    rows: Mapping[str, Summary]
    prefer: Direction
    units: Mapping[str, Mapping[Unit, float]] = field(default_factory=dict)

    def mean(self, row: str) -> float:
        """Return the mean of a row."""
        return self.rows[row].mean

    def is_better(self, one: float, other: float) -> bool:
        """Whether one value is strictly better than another."""
        return one < other if self.prefer == "lower" else one > other


def check_claims(
    suite: Suite,
    tier: Tier,
    records: Iterable[Record],
    timings: Iterable[Timing] = (),
    *,
    directions: Mapping[str, Direction],
    cells: Iterable[Cell] | None = None,
    suites: Mapping[str, Suite] | None = None,
) -> tuple[ClaimVerdict, ...]:
    """Return the verdict on every claim of a suite, in declared order.

    Args:
        records, timings: of this suite, version and tier.
        directions: whether higher or lower is better, by metric id.
        cells: all cells of the tier (`expand`); a claim on a row that lacks one of them is not decided. Records and
            timings of other cells are out of date and ignored. None: whatever was recorded counts.
        suites: other suites by id, for claims on printed values of several tables.
    """
    checker = _Checker(suite, tier, records, timings, directions, cells, {suite.id: suite, **(suites or {})})
    return tuple(checker.verdict(claim) for claim in suite.claims)


class _Checker:
    """The claims of one suite on one tier."""

    def __init__(
        self,
        suite: Suite,
        tier: Tier,
        records: Iterable[Record],
        timings: Iterable[Timing],
        directions: Mapping[str, Direction],
        cells: Iterable[Cell] | None,
        suites: Mapping[str, Suite],
    ) -> None:
        self._suite = suite
        self._tier = tier
        self._directions = directions
        self._suites = suites
        self._expected = expected_keys(cells)
        self._records = records_by_row(records, self._expected)
        known = None if self._expected is None else frozenset().union(*self._expected.values())
        self._timings = [timing for timing in timings if known is None or timing.cell in known]

    def verdict(self, claim: ClaimSpec) -> ClaimVerdict:
        """Decide one claim."""
        numbers: list[tuple[str, float]] = []
        holds: bool | None
        agreement = ""
        try:
            if claim.tiers and self._tier not in claim.tiers:
                raise _UndecidableError(f"checked on {', '.join(claim.tiers)} only")
            if isinstance(claim.rule, EqualPublished):
                holds, why = self._equal_published(claim, claim.rule, numbers)
            else:
                holds, why, agreement = self._over_groups(claim, numbers)
        except _UndecidableError as reason:
            holds, why = None, str(reason)
        data = self._data(claim)
        return ClaimVerdict(
            claim.id, claim.sentence, claim.where, holds, why, tuple(numbers), self._tier, data, agreement
        )

    def _over_groups(self, claim: ClaimSpec, numbers: list[tuple[str, float]]) -> tuple[bool, str, str]:
        """Decide a rule in every group of comparable numbers; it holds if it holds in each."""
        outcomes, agreement = [], ""
        for group in self._groups(claim):
            label = f" on {group.name}" if group.name else ""
            numbers += [(f"{row}{label}", summary.mean) for row, summary in group.rows.items()]
            for row, summary in group.rows.items():
                if math.isnan(summary.mean) or summary.undefined:
                    raise _UndecidableError(f"row '{row}': the metric is undefined in {summary.undefined} values")
            if group.units and group.prefer == "higher" and not any(group.mean(row) for row in group.rows):
                raise _UndecidableError("every row scores 0: there is nothing to compare")
            pairs = _ranked(claim.rule, tuple(group.rows))
            broken = list(_broken(claim.rule, group, pairs, self._suite.spread_ddof))
            outcomes += [f"{problem}{label}" for problem in broken]
            agreement = agreement or _agreement(group, pairs, self._suite.spread_over, ties=_ties(claim.rule))
        return not outcomes, "; ".join(outcomes), agreement

    def _groups(self, claim: ClaimSpec) -> Iterator[_Group]:
        rows = self._rows(claim)
        metric = SECONDS if isinstance(claim.rule, Fastest) else claim.metric or self._suite.primary
        if metric == SECONDS:
            yield from self._timing_groups(claim, rows)
        else:
            units = {row: self._scores(claim, row, metric) for row in rows}
            summaries = {row: summarise(list(values.values())) for row, values in units.items()}
            yield _Group("", summaries, self._directions[metric], units)

    def _rows(self, claim: ClaimSpec) -> tuple[str, ...]:
        rule = claim.rule
        if isinstance(rule, Fastest | Best) and not rule.among:
            others = (row.id for row in self._suite.rows if row.id != rule.row)
            return (rule.row, *others)
        return tuple(dict.fromkeys(rule_rows(rule)))

    def _scores(self, claim: ClaimSpec, row: str, metric: str) -> dict[Unit, float]:
        own = [r for r in self._records.get(row, []) if claim.dataset in ("", r.dataset)]
        missing = gaps(own, self._expected_of(claim, row))
        values = values_by_unit(own, metric, self._suite.spread_over)
        if missing or not values:
            raise _UndecidableError(f"row '{row}': {missing or 'no records'}")
        return values

    def _expected_of(self, claim: ClaimSpec, row: str) -> frozenset[str] | None:
        """Return the keys a row must have; a claim on one dataset cannot know those of its missing cells by key."""
        if self._expected is None or claim.dataset:
            return None
        return self._expected.get(row, frozenset())

    def _timing_groups(self, claim: ClaimSpec, rows: Sequence[str]) -> Iterator[_Group]:
        """Yield one group per machine, device and threads that timed every row, over the places all rows share."""
        stage = claim.rule.stage if isinstance(claim.rule, Fastest) else ""
        seconds: dict[str, dict[str, dict[Place, float]]] = defaultdict(lambda: defaultdict(dict))
        for timing in self._timings:
            value = _seconds(timing, stage)
            if value is not None and timing.row in rows and claim.dataset in ("", timing.dataset):
                machine = f"{timing.machine}, {timing.device}, {timing.threads} threads"
                place = (timing.dataset, timing.sample, timing.fold, timing.repeat)
                seconds[machine][timing.row][place] = value
        found = False
        for machine, by_row in sorted(seconds.items()):
            shared = set.intersection(*(set(by_row[row]) for row in rows))
            if shared:
                found = True
                summaries = {row: summarise([by_row[row][place] for place in sorted(shared)]) for row in rows}
                yield _Group(machine, summaries, "lower")
        if not found:
            raise _UndecidableError("no machine has timed every row on a common sample")

    def _equal_published(
        self, claim: ClaimSpec, rule: EqualPublished, numbers: list[tuple[str, float]]
    ) -> tuple[bool, str]:
        metric = claim.metric or self._suite.primary
        differing = []
        for name in rule.values:
            printed = {entry: self._printed(entry, metric, name) for entry in rule.entries}
            numbers += [(f"{entry} {name}", value) for entry, value in printed.items()]
            first = printed[rule.entries[0]]
            if not all(math.isclose(value, first, abs_tol=1e-12) for value in printed.values()):
                differing.append(f"the printed {name} differs")
        return not differing, "; ".join(differing)

    def _printed(self, entry: str, metric: str, name: str) -> float:
        suite_id, _, row = entry.rpartition("/")
        suite = self._suites.get(suite_id or self._suite.id)
        if suite is None:
            raise _UndecidableError(f"suite '{suite_id}' is not at hand")
        published = suite.published.get(row, {}).get(metric)
        value = None if published is None else published.in_metric_unit()[("mean", "sd").index(name)]
        if value is None:
            raise _UndecidableError(f"{entry}: no {name} is printed for {metric}")
        return value

    def _data(self, claim: ClaimSpec) -> str:
        if isinstance(claim.rule, EqualPublished):
            return "printed values"
        samples: dict[str, set[str]] = defaultdict(set)
        for row in self._rows(claim):
            for record in self._records.get(row, []):
                if claim.dataset in ("", record.dataset):
                    samples[record.dataset].add(record.sample)
        named = ", ".join(f"{dataset} ({len(ids)} samples)" for dataset, ids in sorted(samples.items()))
        return named or "no data"


def _seconds(timing: Timing, stage: str) -> float | None:
    if not stage:
        return timing.run_s
    parts = [own.run_s for own in timing.stages if own.id == stage]
    return None if not parts or None in parts else sum(part for part in parts if part is not None)


def _ranked(rule: object, rows: Sequence[str]) -> list[tuple[str, str]]:
    """Return the pairs (above, below) that a rule ranks; `rows` are those it speaks of, its own first."""
    match rule:
        case Fastest(row=row):
            return [(row, other) for other in rows if other != row]
        case Best(kind=kind, row=row):
            others = [other for other in rows if other != row]
            return [(row, other) if kind == "best" else (other, row) for other in others]
        case RanksAbove(better=better, worse=worse, pairwise=True):
            return list(zip(better, worse, strict=True))
        case RanksAbove(better=better, worse=worse):
            return list(product(better, worse))
    return []


def _ties(rule: object) -> bool:
    return isinstance(rule, RanksAbove) and rule.ties


def _broken(rule: object, group: _Group, pairs: Sequence[tuple[str, str]], ddof: int) -> Iterator[str]:
    """Yield what contradicts a rule in a group."""
    for above, below in pairs:
        one, other = group.mean(above), group.mean(below)
        if not (group.is_better(one, other) or (_ties(rule) and one == other)):
            relation = "worse than" if _ties(rule) else "not better than"
            yield f"'{above}' ({one:.4g}) is {relation} '{below}' ({other:.4g})"
    if isinstance(rule, Monotone):
        yield from _not_monotone(rule, group)
    if isinstance(rule, Within):
        yield from _not_within(rule, group, ddof)
    if isinstance(rule, SmallerEffect):
        yield from _not_smaller(rule, group)


def _agreement(group: _Group, pairs: Sequence[tuple[str, str]], over: str, *, ties: bool) -> str:
    """Return in how many comparisons of single values, each of two rows on one unit, the ranking shows."""
    compared = [
        (group.units[above][unit], group.units[below][unit])
        for above, below in pairs
        for unit in group.units.get(above, {})
        if unit in group.units.get(below, {})
    ]
    agreeing = sum(group.is_better(one, other) or (ties and one == other) for one, other in compared)
    return f"in {agreeing} of {len(compared)} comparisons of single {over}" if compared else ""


def _not_monotone(rule: Monotone, group: _Group) -> Iterator[str]:
    sign = 1 if rule.direction == "increasing" else -1
    for before, after in pairwise(rule.rows):
        step = sign * (group.mean(after) - group.mean(before))
        if step < 0 or (rule.strict and step == 0):
            steps = f"from '{before}' ({group.mean(before):.4g}) to '{after}' ({group.mean(after):.4g})"
            yield f"not {rule.direction} {steps}"


def _not_within(rule: Within, group: _Group, ddof: int) -> Iterator[str]:
    for row in rule.rows:
        mean, reference = group.mean(row), group.mean(rule.of)
        if rule.factor is not None:
            found, allowed, unit = _ratio(mean, reference), rule.factor, "a factor of"
        elif rule.difference is not None:
            found, allowed, unit = abs(mean - reference), rule.difference, "a difference of"
        else:
            spread = group.rows[rule.of].sd(ddof)
            if math.isnan(spread):
                raise _UndecidableError(f"row '{rule.of}' has one value and so no spread")
            found, allowed, unit = abs(mean - reference), (rule.spreads or 0.0) * spread, "a difference of"
        if found > allowed:
            yield f"'{row}' ({mean:.4g}) and '{rule.of}' ({reference:.4g}): {unit} {found:.4g}; allowed: {allowed:.4g}"


def _not_smaller(rule: SmallerEffect, group: _Group) -> Iterator[str]:
    for small, large in product(rule.pairs, rule.than):
        less, more = (abs(group.mean(one) - group.mean(other)) for one, other in (small, large))
        if not less < more:
            named = [f"'{one}' and '{other}' differ by" for one, other in (small, large)]
            yield f"{named[0]} {less:.4g}, {named[1]} {more:.4g}"


def _ratio(one: float, other: float) -> float:
    low, high = sorted((one, other))
    if low == high:
        return 1.0
    return high / low if low > 0 else math.inf
