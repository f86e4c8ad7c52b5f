"""Durations of two sets of timings: ratios with a rank test, on one machine only."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from harness.statistics import holm, paired_increase, unpaired_increase

if TYPE_CHECKING:
    from harness.model import CellId
    from harness.store import StageTiming, Timing

MIN_PAIRS = 6
"""With six pairs the signed-rank test can reach p = 1/64; with fewer it cannot survive a correction for many rows."""
MIN_REPEATS = 5
"""Five against five steady calls: the rank-sum test can reach p = 1/252."""

TimingOutcome = Literal["same", "faster", "slower", "untested"]
SAME: TimingOutcome = "same"
UNTESTED: TimingOutcome = "untested"
Repeats = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class TimingRule:
    """When a duration has changed: by at least this ratio and these seconds, with at most this p (after Holm)."""

    ratio: float = 1.25
    alpha: float = 0.05
    seconds: float = 0.01


@dataclass(frozen=True, slots=True)
class TimingComparison:
    """A row, or one cell of it, on one machine.

    `ratio` and `difference_s` are results against baseline; `p` is one-sided and corrected for the number of tests.
    """

    row: str
    cell: str
    machine: str
    test: str
    n: int
    difference_s: float
    ratio: float
    p: float
    outcome: TimingOutcome


def compare_timings(
    baseline: Sequence[Timing], results: Sequence[Timing], *, rule: TimingRule
) -> tuple[TimingComparison, ...]:
    """Return one comparison per row and machine present on both sides.

    From `MIN_PAIRS` cells on the cells of a row are paired (Wilcoxon); a row of fewer cells is tested cell by cell
    over its steady calls where there are `MIN_REPEATS` on both sides (Mann-Whitney), else it is "untested".
    Only stages that were computed, not taken from the cache, on both sides count.
    """
    before = {_identity(timing): timing for timing in baseline}
    rows: dict[tuple[str, str], dict[str, tuple[Repeats, Repeats]]] = defaultdict(dict)
    for timing in results:
        partner = before.get(_identity(timing))
        pair = _durations(partner, timing) if partner is not None else None
        if pair is not None:
            rows[timing.row, timing.machine][timing.id.where] = pair
    drafts = [draft for (row, machine), cells in rows.items() for draft in _tests(row, machine, cells)]
    return _judge(drafts, rule)


def _identity(timing: Timing) -> tuple[CellId, str, str, int]:
    return (timing.id, timing.machine, timing.device, timing.threads)


def _durations(before: Timing, after: Timing) -> tuple[Repeats, Repeats] | None:
    """Return the seconds of each steady call, or of the one first call, summed over the stages measured on both sides.

    None if no stage was, or if a call was too short for the clock.
    """
    pairs = zip(before.stages, after.stages, strict=False)
    measured = [calls for old, new in pairs if old.id == new.id and (calls := _calls(old, new)) is not None]
    if not measured:
        return None
    old_calls, new_calls = (_summed(side) for side in zip(*measured, strict=True))
    return (old_calls, new_calls) if min(*old_calls, *new_calls) > 0 else None


def _calls(old: StageTiming, new: StageTiming) -> tuple[Repeats, Repeats] | None:
    """Return the steady calls of both sides, else both first calls; None where an output came from the cache."""
    if old.cached or new.cached:
        return None
    if old.steady_s and new.steady_s:
        return old.steady_s, new.steady_s
    return None if old.first_s is None or new.first_s is None else ((old.first_s,), (new.first_s,))


def _summed(stages: Sequence[Repeats]) -> Repeats:
    return tuple(sum(calls) for calls in zip(*stages, strict=False))


def _tests(row: str, machine: str, cells: Mapping[str, tuple[Repeats, Repeats]]) -> list[TimingComparison]:
    medians = [(statistics.median(old), statistics.median(new)) for old, new in cells.values()]
    if len(cells) >= MIN_PAIRS:
        old, new = [m[0] for m in medians], [m[1] for m in medians]
        ratio = statistics.median(b / a for a, b in medians)
        difference_s = statistics.median(b - a for a, b in medians)
        p = paired_increase(old, new) if ratio >= 1 else paired_increase(new, old)
        return [TimingComparison(row, "", machine, "Wilcoxon signed-rank", len(cells), difference_s, ratio, p, SAME)]
    drafts = []
    for (cell, (old_calls, new_calls)), (old_s, new_s) in zip(cells.items(), medians, strict=True):
        ratio, n = new_s / old_s, min(len(old_calls), len(new_calls))
        test, p, outcome = "none: too few repeats", 1.0, UNTESTED
        if n >= MIN_REPEATS:
            p = unpaired_increase(old_calls, new_calls) if ratio >= 1 else unpaired_increase(new_calls, old_calls)
            test, outcome = "Mann-Whitney", SAME
        drafts.append(TimingComparison(row, cell, machine, test, n, new_s - old_s, ratio, p, outcome))
    return drafts


def _judge(drafts: Sequence[TimingComparison], rule: TimingRule) -> tuple[TimingComparison, ...]:
    tested = [index for index, draft in enumerate(drafts) if draft.outcome != UNTESTED]
    corrected = dict(zip(tested, holm([drafts[index].p for index in tested]), strict=True))
    return tuple(
        replace(draft, p=corrected[index], outcome=_outcome(draft, corrected[index], rule))
        if index in corrected
        else draft
        for index, draft in enumerate(drafts)
    )


def _outcome(draft: TimingComparison, p: float, rule: TimingRule) -> TimingOutcome:
    is_small = abs(draft.difference_s) < rule.seconds or 1 / rule.ratio < draft.ratio < rule.ratio
    if p > rule.alpha or is_small:
        return SAME
    return "slower" if draft.ratio > 1 else "faster"
