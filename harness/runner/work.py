"""The work of one suite of scores in a run: which cells are done, missing or to be computed, and what they leave."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from functools import partial

from harness.jobs.messages import Job, WeightsSource
from harness.model import NOT_THE_METHODS, Cell, Tier
from harness.runner.executor import Finished
from harness.runner.order import Order, Task
from harness.runner.summary import FailedCell, MissingCell, SuiteSummary
from harness.standing import Standing
from harness.store import Record, Store, Timing, Writer
from harness.suite import Suite


class SuiteWork:
    """A suite of scores in a run, with its open store (none in a dry run)."""

    def __init__(self, order: Order, suite: Suite, tier: Tier) -> None:
        self._suite = suite
        self._tier = tier
        self._order = order
        self._store = Store(order.results, suite.id, suite.version, tier)
        self._every = order.project.cells(suite, tier)
        self._standing = Standing(suite, tier, (), {})
        self._cached = 0
        self._failures: list[FailedCell] = []
        self._missing: list[MissingCell] = []
        self._computed = 0
        self._environments: set[str] = set()
        self._writer: Writer | None = None
        self.tasks: list[Task] = []

    def begin(self, stack: ExitStack) -> None:
        """Open the store, fetch what cells need, and sort them into done, missing and tasks."""
        if not self._order.dry_run and self._every:
            self._writer = stack.enter_context(self._store.open([cell.id for cell in self._every], self._order.log))
        self._standing = self._settled(fetch=not self._order.dry_run)
        self._cached = len(self._standing.cells) - len(self.tasks) - len(self._missing)

    def known_timings(self) -> tuple[Timing, ...]:
        """Return what is known of the durations of the cells, from earlier runs."""
        return self._order.project.timings_of(self._standing)

    def summary(self) -> SuiteSummary:
        """Return what was done so far."""
        pending = 0 if self._writer else len(self.tasks)
        cells = self._standing.cells
        return SuiteSummary(
            suite=self._suite.id,
            version=self._suite.version,
            tier=self._tier,
            folder=self._store.folder,
            cells=len(cells),
            computed=self._computed,
            cached=self._cached,
            failures=tuple(self._failures),
            missing_cells=tuple(self._missing),
            pending=pending,
            keys=frozenset(cell.key for cell in cells),
        )

    def keep(self, finished: Finished) -> str:
        """Store the record and the timing of a cell that has ended; return a line that says how."""
        assert self._writer is not None
        cell, outcome = finished.job.cell, finished.outcome
        fingerprint = finished.worker.fingerprint if finished.worker else ""
        if finished.worker and fingerprint not in self._environments:
            self._writer.add_environment(fingerprint, dict(finished.worker.environment))
            self._environments.add(fingerprint)
        self._writer.add(self._record(finished, fingerprint), self._timing(finished, fingerprint))
        if outcome.status == "ok":
            self._computed += 1
            return f"{cell}: ok, {outcome.total_s:.2f} s"
        problem = "" if outcome.error is None else outcome.error.message
        place = f" in stage '{outcome.error.stage}'" if outcome.error and outcome.error.stage else ""
        self._failures.append(FailedCell(str(cell), outcome.status, f"{problem}{place}"))
        line = f"{cell}: {outcome.status}{place}: {problem}"
        self._order.log(line)
        return f"{cell}: {outcome.status}"

    def _settled(self, *, fetch: bool) -> Standing:
        """Sort the wanted cells into done, missing and tasks, and return where they stood before.

        Fetching is what first tells the hash of a file for which nobody states one: cells are expanded again after it.
        """
        standing, preparation = self._read(self._every), self._order.preparation
        pending = self._pending(standing)
        if fetch and pending:
            for cell in pending:
                if not preparation.missing_data(cell, fetch=True):
                    preparation.weights(cell)
            standing = self._read()
            pending = self._pending(standing)
        for cell in pending:
            self._prepare(cell, fetch=fetch)
        return standing

    def _read(self, cells: tuple[Cell, ...] | None = None) -> Standing:
        order = self._order
        standing = order.project.results(order.results, self._suite, self._tier, cells).only(order.only)
        return _where_methods_failed(standing) if order.failed else standing

    def _pending(self, standing: Standing) -> tuple[Cell, ...]:
        return standing.cells if self._order.again else standing.pending()

    def _prepare(self, cell: Cell, *, fetch: bool) -> None:
        """Turn a cell into a task, or note why it is missing. Nothing is downloaded for a dry run."""
        problem = self._order.preparation.missing_data(cell, fetch=fetch)
        weights: dict[str, WeightsSource] | str = {}
        if not problem and fetch:
            weights = self._order.preparation.weights(cell)
        if problem or isinstance(weights, str):
            reason = problem or str(weights)
            self._missing.append(MissingCell(str(cell), reason))
            return
        row = self._suite.row(cell.row)
        limits, timing = self._suite.limits_of(self._tier, row), self._suite.timing_of(self._tier, row)
        job = Job(
            cell=cell,
            backend=self._order.chooser.backend(cell),
            deadline_s=limits.deadline_s,
            memory_bytes=int(limits.memory_gb * 1e9),
            warmup=timing.warmup,
            repeats=timing.repeats,
            weights=weights,
            shared=self._order.chooser.shared(cell),
        )
        self.tasks.append(Task(job, self.keep, partial(self._give_up, cell)))

    def _give_up(self, cell: Cell, reason: str) -> None:
        """Count a cell that did not end as missing."""
        self._missing.append(MissingCell(str(cell), reason))

    def _record(self, finished: Finished, fingerprint: str) -> Record:
        cell, outcome = finished.job.cell, finished.outcome
        data = outcome.data or self._order.project.catalogue.dataset(cell.data.dataset).sample_hash(cell.sample)
        return Record(
            cell=cell.key,
            suite=cell.suite,
            version=cell.version,
            tier=cell.tier,
            row=cell.row,
            dataset=cell.data.dataset,
            sample=cell.sample,
            fold=cell.fold.id,
            repeat=cell.repeat,
            seed=cell.seed,
            status=outcome.status,
            metrics=outcome.metrics,
            error=outcome.error,
            stages=outcome.stages,
            data=data,
            notes=(*outcome.notes, *self._order.preparation.notes(cell)),
            environment=fingerprint,
            code=self._order.code,
            counts=outcome.counts,
            prediction=outcome.prediction,
            uses_truth=cell.uses_truth,
            contamination=self._order.preparation.contamination(cell),
            added=cell.row in self._suite.added,
            origins=outcome.origins,
            scope=cell.scope_json(),
        )

    def _timing(self, finished: Finished, fingerprint: str) -> Timing | None:
        """Return the timing of a cell with scores; a failed cell's seconds mean nothing."""
        cell, outcome = finished.job.cell, finished.outcome
        if outcome.status != "ok" or finished.worker is None:
            return None
        return Timing(
            cell=cell.key,
            row=cell.row,
            dataset=cell.data.dataset,
            sample=cell.sample,
            fold=cell.fold.id,
            repeat=cell.repeat,
            machine=finished.worker.machine,
            environment=fingerprint,
            device=outcome.device,
            threads=finished.worker.environment["threads"],
            stages=outcome.timings,
            total_s=outcome.total_s,
            commit=self._order.code.commit,
        )


def _where_methods_failed(standing: Standing) -> Standing:
    """Return the standing of just the cells whose current record is a failure of their method."""
    statuses = {cell: record.status for cell, record in standing.current.items()}
    failed = {cell for cell, status in statuses.items() if status not in ("ok", *NOT_THE_METHODS)}
    cells = tuple(cell for cell in standing.cells if cell.id in failed)
    return replace(standing, cells=cells, current={cell.id: standing.current[cell.id] for cell in cells})
