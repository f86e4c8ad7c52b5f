"""Scores of two sets of records, paired by what a cell is (row, data, repeat), not by the hash of its inputs.

A cell is worse if any of its metrics moved in the bad direction by more than the metric's tolerance (0 unless the
suite declares one): records are deterministic, so every change is a change. Networks on other hardware than the
baseline's have tolerances of their own. The bootstrap of the differences over samples, and over folds and repeats in
them, adds how far the mean of a row moved and how sure that is; it shows drift inside the tolerance and is reported,
not judged.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from harness.claims import Outcome as ClaimOutcome
from harness.gating.hardware import SAME_HARDWARE, OtherHardware
from harness.gating.timing import TimingComparison
from harness.model import NOT_THE_METHODS
from harness.statistics import BOOTSTRAP_UNITS, Interval, Path, nested_interval

if TYPE_CHECKING:
    from harness.model import CellId
    from harness.store import Record

Shift = Literal["same", "improved", "worse", "changed", "not judged"]
"""How a metric moved; "changed" where no direction is the good one, "not judged" where other hardware may be why."""

Outcome = Literal[
    "same",
    "improved",
    "worse",
    "changed",
    "not judged",
    "new cell",
    "missing cell",
    "new failure",
    "fixed failure",
    "same failure",
    "missing baseline",
]
OUTCOMES: tuple[Outcome, ...] = (
    "worse",
    "new failure",
    "missing baseline",
    "missing cell",
    "changed",
    "not judged",
    "improved",
    "fixed failure",
    "new cell",
    "same failure",
    "same",
)
"""From what needs attention first to what needs none."""

MOVES: tuple[Shift, ...] = ("worse", "improved", "changed", "not judged")
"""Which metric decides the outcome of a cell."""

EXIT_OK, EXIT_REGRESSION, EXIT_INCOMPLETE, EXIT_NO_BASELINE = 0, 1, 3, 4


@dataclass(frozen=True, slots=True)
class Change:
    """One metric of one cell on both sides (NaN where undefined or absent)."""

    metric: str
    before: float
    after: float
    outcome: Shift


@dataclass(frozen=True, slots=True)
class CellComparison:
    """One cell's outcome; `detail` says why in words, `inputs_changed` that the two cell keys differ.

    `hardware` says how the hardware of the two records differs, where the cell's scores depend on it.
    """

    id: CellId
    outcome: Outcome
    detail: str = ""
    changes: tuple[Change, ...] = ()
    inputs_changed: bool = False
    hardware: str = ""


@dataclass(frozen=True, slots=True)
class RowShift:
    """How far the mean of a metric moved over the samples of a row, with its bootstrap interval.

    The outcome is "open" where the interval does not decide.
    """

    row: str
    metric: str
    interval: Interval
    outcome: Shift | Literal["open"]


@dataclass(frozen=True, slots=True)
class ClaimChange:
    """What the records of both sides say about a claim.

    `is_judged` is false for a claim about seconds, and for one on scores that other hardware has moved.
    """

    claim: str
    sentence: str
    before: ClaimOutcome
    after: ClaimOutcome
    why: str
    is_judged: bool = True

    @property
    def outcome(self) -> Literal["same", "broken", "restored", "opened", "settled"]:
        """Whether the claim held before and does not now, or the other way round; an open claim is not a broken one."""
        if self.before == self.after:
            return "same"
        if "open" in (self.before, self.after):
            return "opened" if self.after == "open" else "settled"
        return "broken" if self.before == "holds" else "restored"


@dataclass(frozen=True, slots=True)
class Comparison:
    """A suite of one tier against its baseline."""

    suite: str
    version: int
    tier: str
    cells: tuple[CellComparison, ...]
    shifts: tuple[RowShift, ...] = ()
    timings: tuple[TimingComparison, ...] = ()
    claims: tuple[ClaimChange, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def counts(self) -> dict[Outcome, int]:
        """How many cells have each outcome that occurs, in the order of `OUTCOMES`."""
        found = Counter(cell.outcome for cell in self.cells)
        return {outcome: found[outcome] for outcome in OUTCOMES if found[outcome]}

    @property
    def exit_code(self) -> int:
        """1 for anything worse, else 4 without a baseline, else 3 with missing cells, else 0.

        A broken claim about seconds alone is no regression: `timings` judges them with a test. Nor is one on scores of
        networks that moved on other hardware: their tolerances judge them.
        """
        counts = self.counts
        is_slower = any(timing.outcome == "slower" for timing in self.timings)
        is_broken = any(claim.outcome == "broken" and claim.is_judged for claim in self.claims)
        if "worse" in counts or "new failure" in counts or is_slower or is_broken:
            return EXIT_REGRESSION
        if "missing baseline" in counts or not self.cells:
            return EXIT_NO_BASELINE
        return EXIT_INCOMPLETE if "missing cell" in counts else EXIT_OK


def exit_code(comparisons: Iterable[Comparison]) -> int:
    """Return the one exit code of several suites: regression before no baseline before incomplete before ok."""
    codes = {comparison.exit_code for comparison in comparisons}
    order = (EXIT_REGRESSION, EXIT_NO_BASELINE, EXIT_INCOMPLETE, EXIT_OK)
    return next((code for code in order if code in codes), EXIT_NO_BASELINE)


@dataclass(frozen=True, slots=True)
class Judge:
    """Says what of a cell is better or worse than before.

    directions  "higher" or "lower" (is better) by metric, or "none" (a count: a change is reported, not judged); a
                change of a metric that is not named counts as worse
    tolerance   the largest difference taken for equal, by metric; 0 where none is named
    elsewhere   what may differ between networks on two kinds of hardware
    """

    directions: Mapping[str, str]
    tolerance: Mapping[str, float] = field(default_factory=dict)
    elsewhere: OtherHardware = SAME_HARDWARE

    def cell(self, before: Record, after: Record) -> CellComparison:
        """Return how a cell that both sides have fares."""
        inputs_changed = before.cell != after.cell
        if after.status != "ok":
            return CellComparison(after.id, _failed(before, after), _failure(after), inputs_changed=inputs_changed)
        if before.status != "ok":
            detail = f"was: {_failure(before)}"
            return CellComparison(after.id, "fixed failure", detail, inputs_changed=inputs_changed)
        hardware = self.elsewhere.difference(before, after)
        changes = tuple(
            self._change(metric, old, after.metrics.get(metric, math.nan), is_elsewhere=bool(hardware))
            for metric, old in before.metrics.items()
        )
        found = {change.outcome for change in changes}
        verdict: Shift = next((outcome for outcome in MOVES if outcome in found), "same")
        return CellComparison(after.id, verdict, _describe(changes), changes, inputs_changed, hardware)

    def _change(self, metric: str, old: float, new: float, *, is_elsewhere: bool) -> Change:
        """Judge one metric; between two kinds of hardware one without a tolerance is not judged."""
        allowed = (self.elsewhere.tolerance if is_elsewhere else self.tolerance).get(metric)
        if old == new or (math.isnan(old) and math.isnan(new)) or abs(new - old) <= (allowed or 0.0):
            return Change(metric, old, new, "same")
        if is_elsewhere and allowed is None:
            return Change(metric, old, new, "not judged")
        if math.isnan(new):
            return Change(metric, old, new, "worse")
        if math.isnan(old):
            return Change(metric, old, new, "improved")
        return Change(metric, old, new, self.move(metric, new - old))

    def move(self, metric: str, difference: float) -> Shift:
        """Judge a difference of a metric that is not zero."""
        direction = self.directions.get(metric, "")
        if direction == "none":
            return "changed"
        better = difference > 0 if direction == "higher" else difference < 0 if direction == "lower" else False
        return "improved" if better else "worse"


def compare(
    baseline: Sequence[Record], results: Sequence[Record], judge: Judge
) -> tuple[tuple[CellComparison, ...], tuple[RowShift, ...]]:
    """Return the outcome of every cell on either side, in the order of the records, and the shifts of the rows.

    An empty baseline gives every cell the outcome "missing baseline".
    """
    before = {record.id: record for record in baseline}
    after = {record.id: record for record in results}
    cells = tuple(
        _compared(identity, before.get(identity), after.get(identity), judge, has_baseline=bool(before))
        for identity in dict.fromkeys((*before, *after))
    )
    return cells, _shifts(cells, judge)


def _compared(
    identity: CellId, before: Record | None, after: Record | None, judge: Judge, *, has_baseline: bool
) -> CellComparison:
    if before is None:
        return CellComparison(identity, "new cell" if has_baseline else "missing baseline")
    if after is None:
        return CellComparison(identity, "missing cell", "in the baseline, not in the results")
    return judge.cell(before, after)


def _failed(before: Record, after: Record) -> Outcome:
    if before.status != "ok":
        return "same failure"
    return "missing cell" if after.status in NOT_THE_METHODS else "new failure"


def _failure(record: Record) -> str:
    message = record.error.message if record.error is not None else ""
    return f"{record.status}: {message}" if message else record.status


def _describe(changes: Iterable[Change]) -> str:
    return "; ".join(
        f"{change.metric} {change.before:.6g} -> {change.after:.6g} ({change.outcome})"
        for change in changes
        if change.outcome != "same"
    )


def _shifts(cells: Iterable[CellComparison], judge: Judge) -> tuple[RowShift, ...]:
    """Bootstrap how far each row's metrics moved, over samples and over folds and repeats in them."""
    moves: dict[tuple[str, str], dict[Path, float]] = defaultdict(dict)
    for cell in cells:
        for change in cell.changes:
            if math.isfinite(change.before) and math.isfinite(change.after):
                unit = ((cell.id.dataset, cell.id.sample), (cell.id.fold, cell.id.repeat))
                moves[cell.id.row, change.metric][unit] = change.after - change.before
    shifts = []
    for (row, metric), differences in moves.items():
        samples = {sample for sample, _ in differences}
        if len(samples) >= BOOTSTRAP_UNITS and any(differences.values()):
            interval = nested_interval(list(differences.values()), list(differences))
            assert interval is not None
            outcome = judge.move(metric, interval.mean) if interval.excludes_zero else "open"
            shifts.append(RowShift(row, metric, interval, outcome))
    return tuple(shifts)
