"""The work of one data table in a run: facts that are stored already, that cannot be had, or that are computed here."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from harness.datatables import FactInputs, compute_facts, fact_inputs
from harness.errors import ConfigError, HarnessError, nearest
from harness.model import Tier
from harness.runner.preparing import hash_notes
from harness.runner.summary import MissingCell, SuiteSummary
from harness.runner.work import Filters
from harness.store import Code, FactRecord, FactWriter, Store
from harness.suite import Suite
from harness.suite.datarows import row_source
from harness.suite.schema import DataRowSpec

if TYPE_CHECKING:
    from harness.datasets import Catalogue


class FactsWork:
    """One data table of a run. Its rows take the place of cells; a row that the tier declares absent is none."""

    def __init__(
        self, catalogue: Catalogue, suite: Suite, tier: Tier, results: Path, filters: Filters, *, dry_run: bool
    ) -> None:
        suite.tier(tier)
        self._catalogue = catalogue
        self._suite = suite
        self._tier = tier
        self._store = Store(results, suite.id, suite.version, tier)
        self._rows = _wanted(suite, tier, filters)
        self._is_dry = dry_run
        self._missing: list[MissingCell] = []
        self._computed = 0
        self._cached = 0
        self._pending = 0

    def compute(self, code: Code, stack: ExitStack, log: Callable[[str], None]) -> None:
        """Compute and store the facts of every row whose stored ones are of other inputs; in a dry run count them."""
        stored = {record.row: record.key for record in self._store.facts()}
        writer: FactWriter | None = None
        if not self._is_dry:
            writer = stack.enter_context(self._store.open_facts([row.id for row in self._suite.data_rows]))
        for row in self._rows:
            try:
                inputs = fact_inputs(self._suite, row, self._tier, self._catalogue)
                if stored.get(row.id) == inputs.key:
                    self._cached += 1
                elif writer is None:
                    self._pending += 1
                else:
                    log(f"{self._name(row)}: computing")
                    writer.add(self._record(row, inputs, code))
                    self._computed += 1
            except HarnessError as error:
                self._missing.append(MissingCell(self._name(row), str(error)))

    def summary(self) -> SuiteSummary:
        """Return what was done so far."""
        return SuiteSummary(
            suite=self._suite.id,
            version=self._suite.version,
            tier=self._tier,
            folder=self._store.folder,
            cells=len(self._rows),
            computed=self._computed,
            cached=self._cached,
            missing_cells=tuple(self._missing),
            pending=self._pending,
        )

    def _record(self, row: DataRowSpec, inputs: FactInputs, code: Code) -> FactRecord:
        facts = compute_facts(inputs, self._catalogue)
        if inputs.reads:  # fetching is what first tells the hash of a file for which nobody states one
            inputs = fact_inputs(self._suite, row, self._tier, self._catalogue)
        return FactRecord(
            key=inputs.key,
            suite=self._suite.id,
            version=self._suite.version,
            tier=self._tier,
            row=row.id,
            source=inputs.source.model_dump(mode="json", exclude_defaults=True),
            data=inputs.data,
            facts=facts,
            notes=self._notes(inputs),
            code=code,
        )

    def _notes(self, inputs: FactInputs) -> tuple[str, ...]:
        dataset = inputs.source.dataset if inputs.reads else None
        return () if dataset is None else hash_notes("the data", self._catalogue.dataset(dataset).provenance())

    def _name(self, row: DataRowSpec) -> str:
        return f"{self._suite.id} {self._tier}: {row.id}"


def _wanted(suite: Suite, tier: Tier, filters: Filters) -> tuple[DataRowSpec, ...]:
    """Return the rows that the tier has and the filters keep; raises `ConfigError` for a name that no row has."""
    rows = [row for row in suite.data_rows if not row_source(row, tier).absent]
    names: tuple[tuple[str, Collection[str] | None, Callable[[DataRowSpec], str | None]], ...] = (
        ("row", filters.rows, lambda row: row.id),
        ("dataset", filters.datasets, lambda row: row_source(row, tier).dataset),
        ("fold", filters.folds, lambda row: row_source(row, tier).fold),
        ("stage", filters.stages, lambda row: None),
    )
    for kind, wanted, name_of in names:
        if wanted is None:
            continue
        present = {name for row in rows if (name := name_of(row)) is not None}
        for name in wanted:
            if name not in present:
                raise ConfigError(f"suite '{suite.id}' has no {kind} '{name}' here{nearest(name, present)}")
        rows = [row for row in rows if name_of(row) in wanted]
    return tuple(rows)
