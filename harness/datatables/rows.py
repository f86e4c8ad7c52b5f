"""Rows of a data table: stored facts beside printed values, and the verdict on each."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from harness.datatables.statements import StatementInputs, Value, statement_inputs
from harness.errors import ConfigError, HarnessError
from harness.model import Tier
from harness.store import StatementRecord
from harness.suite.datarows import OF_NO_DATA, row_source
from harness.suite.schema import DataRowSpec, PrintedValue
from harness.suite.suite import Suite

if TYPE_CHECKING:
    from harness.datasets import Catalogue

Outcome = Literal["reproduced", "not reproduced", "not comparable", "missing"]


@dataclass(frozen=True, slots=True)
class ValueVerdict:
    """What can be said about one printed value of a data table, and why."""

    outcome: Outcome
    reason: str = ""


@dataclass(frozen=True, slots=True)
class DataTableRow:
    """One row: what was computed, what is printed, and the verdict on each printed value.

    stated     printed facts that no file holds
    missing    why facts that the tier asks for are not here; nothing is computed then
    absent     why the tier has nothing to compute the row from
    conflicts  where the source contradicts itself or cannot be read, by value
    """

    id: str
    title: str
    computed: Mapping[str, Value]
    printed: Mapping[str, PrintedValue]
    stated: Mapping[str, PrintedValue]
    verdicts: Mapping[str, ValueVerdict]
    missing: str = ""
    absent: str = ""
    conflicts: Mapping[str, str] = field(default_factory=dict)


def data_table_rows(
    suite: Suite, tier: Tier, catalogue: Catalogue, records: Iterable[StatementRecord]
) -> tuple[DataTableRow, ...]:
    """Return the rows of a data table on a tier from stored facts; nothing is read or computed.

    Facts stored for other data or another declaration are not shown. Raises `ConfigError` for a suite of another kind
    or a tier that the suite has not.
    """
    suite.tier(tier)
    if suite.file.table is None:
        raise ConfigError(f"suite '{suite.id}' is of kind '{suite.kind}', not 'data-table'")
    found = {record.row: record for record in records}
    return tuple(_row(suite, row, tier, catalogue, found.get(row.id)) for row in suite.data_rows)


def _row(
    suite: Suite, row: DataRowSpec, tier: Tier, catalogue: Catalogue, record: StatementRecord | None
) -> DataTableRow:
    absent = row_source(row, tier).absent
    missing = ""
    computed: Mapping[str, Value] = {}
    if not absent:
        try:
            inputs = statement_inputs(suite, row, tier, catalogue)
            missing = _missing(suite, tier, inputs, catalogue, record)
            computed = {} if missing or record is None else record.facts
        except HarnessError as error:
            missing = str(error)
    is_judged = tier == "paper" or suite.file.table in OF_NO_DATA
    other = "" if is_judged else f"tier '{tier}' has other data than the printed value"
    verdicts = {
        name: _verdict(computed.get(name), printed, row.tolerance.get(name, 0.0), other, missing or absent)
        for name, printed in row.values.items()
    }
    title = row.title or row.id
    return DataTableRow(row.id, title, computed, row.values, row.stated, verdicts, missing, absent, row.conflict)


def _missing(
    suite: Suite, tier: Tier, inputs: StatementInputs, catalogue: Catalogue, record: StatementRecord | None
) -> str:
    """Return why there are no facts of today's inputs ("" if there are)."""
    if record is not None and record.key == inputs.key and not record.is_altered:
        return ""
    if inputs.reads:
        dataset = catalogue.dataset(inputs.source.dataset or "")
        found = dataset.availability()
        if not found.ok:
            return f"dataset '{dataset.id}': {found}"
    command = f"`harness run {suite.id} --tier {tier}`"
    if record is None:
        return f"not computed yet; {command} does it"
    if record.is_altered:
        return f"stored facts were altered after they were computed; {command} computes them again"
    return f"stored facts are of other data or another declaration; {command} computes them again"


def _verdict(computed: Value | None, printed: PrintedValue, tolerance: float, other: str, missing: str) -> ValueVerdict:
    if other:
        return ValueVerdict("not comparable", other)
    if missing:
        return ValueVerdict("missing", missing)
    if computed is None:
        return ValueVerdict("missing", "the data does not say it")
    if _agrees(computed, printed, tolerance):
        return ValueVerdict("reproduced")
    allowed = f" (allowed difference: {tolerance:g})" if tolerance else ""
    return ValueVerdict("not reproduced", f"computed {_plain(computed)}, printed {_plain(printed)}{allowed}")


def _agrees(computed: Any, printed: Any, tolerance: float) -> bool:
    if isinstance(computed, Sequence) and not isinstance(computed, str):
        is_list = isinstance(printed, Sequence) and not isinstance(printed, str)
        return (
            is_list
            and len(computed) == len(printed)
            and all(_agrees(one, other, tolerance) for one, other in zip(computed, printed, strict=True))
        )
    if isinstance(computed, str) or isinstance(printed, str):
        return bool(computed == printed)
    return abs(computed - printed) <= tolerance or math.isclose(computed, printed, rel_tol=1e-12)


def _plain(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(_plain, value)) or "none"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
