"""Facts of two data tables, paired by row: they are exact, so every change is a change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from harness.gating.compare import CellComparison, Outcome
from harness.model import CellId

if TYPE_CHECKING:
    from harness.store import StatementRecord


def compare_statements(
    baseline: Sequence[StatementRecord], results: Sequence[StatementRecord]
) -> tuple[CellComparison, ...]:
    """Return the outcome of every row on either side, in the order of the records.

    Facts of the same inputs that differ are "worse": the code that computes them changed what it says. Of other
    inputs they are "changed", which is reported and not judged. An empty baseline gives every row "missing baseline".
    """
    before = {record.row: record for record in baseline}
    after = {record.row: record for record in results}
    return tuple(_compare(before.get(row), after.get(row), bool(before)) for row in dict.fromkeys((*before, *after)))


def _compare(before: StatementRecord | None, after: StatementRecord | None, has_baseline: bool) -> CellComparison:
    if before is None:
        assert after is not None
        return CellComparison(_identity(after), "new cell" if has_baseline else "missing baseline")
    if after is None:
        return CellComparison(_identity(before), "missing cell", "in the baseline, not in the results")
    names = dict.fromkeys((*before.facts, *after.facts))
    changes = [
        f"{name} {_text(before.facts.get(name))} -> {_text(after.facts.get(name))}"
        for name in names
        if before.facts.get(name) != after.facts.get(name)
    ]
    is_other = before.key != after.key
    outcome: Outcome = "same" if not changes else "changed" if is_other else "worse"
    detail = [*changes, *(["the stored facts were altered"] if after.is_altered else [])]
    return CellComparison(_identity(after), outcome, "; ".join(detail), inputs_changed=is_other)


def _identity(record: StatementRecord) -> CellId:
    source = record.source
    weights = ", ".join(source.get("weights", ()))
    sample = source.get("sample") or source.get("split") or weights or "all"
    return CellId(record.row, source.get("dataset", "weights"), sample, source.get("fold", ""), 0)


def _text(value: Any) -> str:
    if value is None:
        return "nothing"
    return ", ".join(map(str, value)) or "none" if isinstance(value, tuple) else str(value)
