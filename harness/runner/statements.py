"""The work of one data table in a run: facts that are stored already, that cannot be had, or that are computed here."""

from __future__ import annotations

from contextlib import ExitStack

from harness.datatables import StatementInputs, compute_statements, statement_inputs
from harness.errors import HarnessError
from harness.model import Tier
from harness.runner.order import Order, Task
from harness.runner.preparing import hash_notes
from harness.runner.summary import MissingCell, SuiteSummary
from harness.store import StatementRecord, StatementWriter, Store, Timing
from harness.suite import Suite
from harness.suite.schema import DataRowSpec


class StatementWork:
    """One data table of a run. Its rows take the place of cells; a row that the tier declares absent is none."""

    def __init__(self, order: Order, suite: Suite, tier: Tier) -> None:
        suite.tier(tier)
        self._order = order
        self._catalogue = order.project.catalogue
        self._suite = suite
        self._tier = tier
        self._store = Store(order.results, suite.id, suite.version, tier)
        wanted = order.only.data_rows(suite, tier)
        self._rows = () if order.failed else wanted  # no method can fail in a row
        self._missing: list[MissingCell] = []
        self._computed = 0
        self._cached = 0
        self._pending = 0
        self.tasks: tuple[Task, ...] = ()

    def known_timings(self) -> tuple[Timing, ...]:
        """Return nothing: there are no tasks."""
        return ()

    def begin(self, stack: ExitStack) -> None:
        """Compute and store the facts of every row whose stored ones are of other inputs; in a dry run count them.

        No worker is needed for it.
        """
        stored = {record.row: record.key for record in self._store.statements() if not record.is_altered}
        writer: StatementWriter | None = None
        if not self._order.dry_run:
            writer = stack.enter_context(
                self._store.open_statements([row.id for row in self._suite.data_rows], self._order.log)
            )
        for row in self._rows:
            try:
                inputs = statement_inputs(self._suite, row, self._tier, self._catalogue)
                if stored.get(row.id) == inputs.key and not self._order.again:
                    self._cached += 1
                elif writer is None:
                    self._pending += 1
                else:
                    self._order.log(f"{self._name(row)}: computing")
                    writer.add(self._record(row, inputs))
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

    def _record(self, row: DataRowSpec, inputs: StatementInputs) -> StatementRecord:
        facts = compute_statements(inputs, self._catalogue)
        if inputs.reads:  # fetching is what first tells the hash of a file for which nobody states one
            inputs = statement_inputs(self._suite, row, self._tier, self._catalogue)
        return StatementRecord(
            key=inputs.key,
            suite=self._suite.id,
            version=self._suite.version,
            tier=self._tier,
            row=row.id,
            source=inputs.source.model_dump(mode="json", exclude_defaults=True),
            data=inputs.data,
            facts=facts,
            notes=self._notes(inputs),
            code=self._order.code,
        )

    def _notes(self, inputs: StatementInputs) -> tuple[str, ...]:
        dataset = inputs.source.dataset if inputs.reads else None
        return () if dataset is None else hash_notes("the data", self._catalogue.dataset(dataset).provenance())

    def _name(self, row: DataRowSpec) -> str:
        return f"{self._suite.id} {self._tier}: {row.id}"
