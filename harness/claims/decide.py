"""When a claim holds, when it does not, and when it stays open.

A rule states contrasts: numbers that are positive where a statement is true, one for each unit (fold, sample or seed)
and one for the means. With at least `LEAST_UNITS` units the 95 % interval of the mean contrast (Student's t over
units, so paired where two rows are compared; what lies in a unit, samples of a fold, is in its mean) decides:

holds           every statement's interval lies on its side of 0 (an intersection-union test: each at 95 %)
does not hold   some statement's interval lies on the other side, at a level divided by the number of statements
                (Bonferroni), so that a claim of many comparisons is not refused by chance
open            neither; also with fewer units, which do not decide however well they agree: under chance alone two
                folds agree every other time

The interval is not bootstrapped: divided levels ask for tails of which resamples hold too few.

Units that all show one and the same contrast have an interval without width, and decide. The interval is over what a
suite says that one value is (`spread_over`); it says nothing of what does not vary there, e.g. of other training
seeds where units are samples. A claim that is `exact` (controls whose order is known beforehand) is decided by means.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from harness.claims.group import Contrast, Group
from harness.claims.rule import ClaimRule
from harness.statistics import LEAST_UNITS, Interval, mean_interval

Outcome = Literal["holds", "does not hold", "open"]

LEVEL = 0.05
ROUNDING = 1e-12
"""Differences of printed numbers below this come from their conversion, not from the source."""


@dataclass(frozen=True, slots=True)
class Decision:
    """An outcome and what it stands on.

    why        the comparisons that decided against it or left it open; empty where it holds
    agreement  in how many comparisons of single units the statements are true; empty without units
    margin     the statement with the least margin, with its interval; empty without units
    """

    outcome: Outcome
    why: str
    agreement: str = ""
    margin: str = ""


@dataclass(frozen=True, slots=True)
class _Judged:
    contrast: Contrast
    outcome: Outcome
    interval: Interval | None
    why: tuple[str, ...] = ()


def decide(statements: Sequence[tuple[Group, ClaimRule]], *, exact: bool = False) -> Decision:
    """Return the outcome of a bound rule in every group and stratum: it holds if every statement does.

    `exact`: the means decide; there is no chance that an interval would have to exclude. Raises `UndecidableError`
    where a group lacks a number that the rule needs.
    """
    stated = [(group, contrast) for group, rule in statements for contrast in rule.contrasts(group)]
    judged = [_judge(group, contrast, len(stated), exact=exact) for group, contrast in stated]
    found = {one.outcome for one in judged}
    outcome: Outcome = "does not hold" if "does not hold" in found else "open" if "open" in found else "holds"
    why = "; ".join(dict.fromkeys(reason for one in judged if one.outcome == outcome for reason in one.why))
    over = stated[0][0].over if stated else ""
    return Decision(outcome, why, _agreement([contrast for _, contrast in stated], over), _margin(judged, over))


def holds_as_printed(rule: ClaimRule, group: Group) -> bool:
    """Return whether the printed means (and spreads) of a source satisfy a bound rule; they are taken as exact."""
    return all(
        contrast.is_true_of_means if abs(contrast.mean) > ROUNDING else contrast.ties
        for contrast in rule.contrasts(group)
    )


def _judge(group: Group, contrast: Contrast, statements: int, *, exact: bool) -> _Judged:
    label = f" on {group.name}" if group.name else ""
    n = len(contrast.values)
    if exact and contrast.is_true_of_means:
        return _Judged(contrast, "holds", None)
    if exact:
        return _Judged(contrast, "does not hold", None, (f"{contrast.problem}{label}",))
    if n < LEAST_UNITS or not all(map(math.isfinite, contrast.values)):
        against = () if contrast.is_true_of_means else (f"{contrast.problem}{label}",)
        return _Judged(contrast, "open", None, (f"n = {n} {group.over} do not decide", *against))
    interval = mean_interval(contrast.values, confidence=1 - LEVEL)
    if interval.low > 0 or (contrast.ties and interval.low >= 0):
        return _Judged(contrast, "holds", interval)
    strict = mean_interval(contrast.values, confidence=1 - LEVEL / statements)
    if strict.high < 0 or (not contrast.ties and strict.high <= 0):
        return _Judged(contrast, "does not hold", interval, (f"{contrast.problem}{label}",))
    said = contrast.says if contrast.is_true_of_means else contrast.problem
    return _Judged(contrast, "open", interval, (f"{said}{label}, not beyond chance: {_shown(interval, group.over)}",))


def _agreement(contrasts: Sequence[Contrast], over: str) -> str:
    compared = sum(len(contrast.values) for contrast in contrasts)
    agreeing = sum(contrast.agreeing for contrast in contrasts)
    return f"in {agreeing} of {compared} comparisons of single {over}" if compared else ""


def _margin(judged: Sequence[_Judged], over: str) -> str:
    known = [(one.interval.low, one.contrast.says, one.interval) for one in judged if one.interval is not None]
    if not known:
        return ""
    _, says, interval = min(known, key=lambda one: one[0])
    return f"least margin: {says}: {_shown(interval, over)}"


def _shown(interval: Interval, over: str) -> str:
    return f"{interval.mean:.3g} [{interval.low:.3g}, {interval.high:.3g}] over {interval.n} {over}"
