"""The gate of one suite: two standings in, a comparison out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.claims import SECONDS
from harness.gating.baseline import open_baseline
from harness.gating.compare import CellComparison, ClaimChange, Comparison, Judge, compare
from harness.gating.hardware import OtherHardware
from harness.gating.statements import compare_statements
from harness.gating.timing import TimingRule, compare_timings
from harness.model import Tier
from harness.project import Project
from harness.standing import Standing
from harness.standing.claims import check_claims
from harness.store import Record, find_stores
from harness.suite import Suite

OTHER_CODE = "its record was made with other code than that at hand; `harness run --again` makes it anew"
ALTERED = (
    "its line was changed after it was written and counts for nothing; `harness rescore` or `harness run` mends it"
)
STALE = "its record is of another chain, other data or another version; `harness run` computes it"


@dataclass(frozen=True, slots=True)
class GateRules:
    """What is taken for equal: tolerances over those of the suite, and the test of durations (None: not compared)."""

    tolerance: Mapping[str, float] = field(default_factory=dict)
    hardware_tolerance: Mapping[str, float] = field(default_factory=dict)
    timing: TimingRule | None = field(default_factory=TimingRule)


@dataclass(frozen=True, slots=True)
class Gated:
    """What a gate compared, and with what."""

    comparisons: tuple[Comparison, ...]
    baseline: str


def gate_suites(
    project: Project,
    suites: Sequence[Suite],
    baseline: str,
    results: Path,
    *,
    tier: Tier | None = None,
    rules: GateRules | None = None,
) -> Gated:
    """Compare every suite with its baseline, on one tier or on every tier that either side has records of.

    `baseline` is a results folder or a git revision. Raises `StoreError` for what is neither.
    """
    chosen = rules or GateRules()
    with open_baseline(baseline, results) as found:
        comparisons = tuple(
            _compared(project, suite, own, found.folder, results, chosen)
            for suite in suites
            for own in _tiers(suite, tier, (found.folder, results))
        )
        return Gated(comparisons, found.title)


def compare_suite(before: Standing, after: Standing, rules: GateRules) -> Comparison:
    """Return the comparison of a suite's results with its baseline.

    Only cells that the suite has count, and records as they were written. A baseline's record may be of other inputs or
    older code; one of the results must be of the cell and the code at hand, else the cell is missing. Rows that only
    one side knows are named, and how many records were altered.
    """
    suite, tier = after.suite, after.tier
    if suite.kind == "data-table":
        known = {row.id for row in suite.data_rows}
        old, new = ([item for item in side.stated if item.row in known] for side in (before, after))
        return Comparison(suite.id, suite.version, tier, compare_statements(old, new))
    exact = {**suite.file.tolerance, **rules.tolerance}
    elsewhere = {**suite.file.hardware_tolerance, **rules.hardware_tolerance}
    foreign_code = {record.id for record in after.of_other_code}
    altered = {record.id for record in after.records if record.is_altered}
    recorded, left_out = _records(before), foreign_code | altered
    cells, shifts = compare(
        recorded,
        [record for record in after.records if record.id not in left_out],
        Judge(after.directions, exact, OtherHardware(before.environments, after.environments, elsewhere)),
    )
    reasons = {
        **{record.id: STALE for record in after.stale},
        **dict.fromkeys(foreign_code, OTHER_CODE),
        **dict.fromkeys(altered, ALTERED),
    }
    cells = tuple(
        replace(cell, detail=reasons[cell.id]) if cell.outcome == "missing cell" and cell.id in reasons else cell
        for cell in cells
    )
    timings = () if rules.timing is None else compare_timings(before.timings, after.timed, rule=rules.timing)
    has_moved = any(cell.hardware and cell.outcome != "same" for cell in cells)
    lost = len(before.records) + len(before.stale) - len(recorded)
    notes = (*_row_notes(before, after), *_altered_notes(lost, len(altered)), *_hardware_notes(cells, elsewhere))
    return Comparison(
        suite.id, suite.version, tier, cells, shifts, timings, _claims(before, after, has_moved=has_moved), notes
    )


def _compared(
    project: Project, suite: Suite, tier: Tier, baseline: Path, results: Path, rules: GateRules
) -> Comparison:
    before, after = (project.results(folder, suite, tier) for folder in (baseline, results))
    found = compare_suite(before, after, rules)
    return replace(found, notes=(*_other_versions(suite, baseline), *found.notes)) if before.is_empty else found


def _records(baseline: Standing) -> tuple[Record, ...]:
    """Return the baseline's records of cells that the suite has, of whatever inputs, that were not altered.

    Metrics that were laid over the suite when those were made, or scored anew, are no part of what the suite promises.
    """
    own = set(baseline.suite.metrics)
    plain = (
        record if own.issuperset(record.metrics) else replace(record, metrics=_only(record.metrics, own))
        for record in baseline.records
        if not record.is_altered
    )
    return (*plain, *(record for record in baseline.stale if not record.is_altered))


def _only(metrics: Mapping[str, float], names: Collection[str]) -> dict[str, float]:
    return {name: value for name, value in metrics.items() if name in names}


def _row_notes(before: Standing, after: Standing) -> list[str]:
    """Name rows that the suite has lost or gained since the baseline, and those that were only renamed."""
    own = set(after.rows)
    old = {record.row for record in before.stored}
    lost = sorted({record.row for record in before.foreign} - own)
    gained = sorted(own - old) if old else []
    notes = []
    if lost:
        notes.append(f"rows of the baseline that the suite no longer has (removed or renamed): {', '.join(lost)}")
    if gained:
        notes.append(f"rows of the suite that the baseline does not have (new or renamed): {', '.join(gained)}")
    parts = sum(record.row in own for record in before.foreign)
    if parts:
        notes.append(f"{parts} records of the baseline are of data, folds or repeats that the suite no longer has")
    return notes


def _altered_notes(baseline: int, results: int) -> list[str]:
    """Say how many records of either side were changed after they were written."""
    sides = (("baseline", baseline), ("results", results))
    return [
        f"{count} records of the {name} were changed after they were written and count for nothing"
        for name, count in sides
        if count
    ]


def _hardware_notes(cells: Iterable[CellComparison], tolerance: Mapping[str, float]) -> list[str]:
    """Say how many cells were judged less strictly than the others, and how."""
    found = [cell for cell in cells if cell.hardware]
    if not found:
        return []
    near = ", ".join(f"{metric} within {value:g}" for metric, value in tolerance.items())
    judged = f"judged: {near}; no other metric is" if near else "no metric of them is judged"
    differences = "; ".join(dict.fromkeys(cell.hardware for cell in found))
    return [f"{len(found)} cells are of networks on other hardware ({differences}); {judged}"]


def _claims(before: Standing, after: Standing, *, has_moved: bool) -> tuple[ClaimChange, ...]:
    """Compare what either side says of each claim, whatever code made its records.

    `has_moved`: scores differ that other hardware may have moved, so that claims on scores are not judged.
    """
    sides = (check_claims(before.recorded(of_any_inputs=True)), check_claims(after.recorded()))
    return tuple(
        ClaimChange(
            claim.id,
            claim.sentence,
            old.outcome,
            new.outcome,
            new.why,
            is_judged=not (has_moved or claim.rule.kind == "fastest" or claim.metric == SECONDS),
        )
        for claim, old, new in zip(after.suite.claims, *sides, strict=True)
    )


def _tiers(suite: Suite, wanted: Tier | None, folders: Iterable[Path]) -> list[Tier]:
    """Return the wanted tier, else every tier that either side has records of, else the default one."""
    if wanted is not None:
        suite.tier(wanted)
        return [wanted]
    stored = {
        store.tier
        for folder in folders
        for store in find_stores(folder)
        if (store.suite, store.version) == (suite.id, suite.version)
    }
    return [tier for tier in suite.tiers if tier in stored] or [suite.default_tier]


def _other_versions(suite: Suite, baseline: Path) -> list[str]:
    versions = sorted({store.version for store in find_stores(baseline) if store.suite == suite.id})
    others = ", ".join(f"v{version}" for version in versions if version != suite.version)
    return [f"the baseline has only {others}, which is not comparable"] if others else []
