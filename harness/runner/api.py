"""`harness.run`: suites in, records on disk and a summary out."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Literal

from harness import registry
from harness.datasets import load_catalogue
from harness.datasets.fetching.places import cache_folder
from harness.errors import HarnessError
from harness.jobs.messages import WorkerSetup
from harness.model import Tier
from harness.provenance import commit_of_code
from harness.registry import Registry
from harness.runner.executor import Executor
from harness.runner.facts import FactsWork
from harness.runner.local import LocalExecutor
from harness.runner.process import sweep_scratch
from harness.runner.progress import Progress, default_progress
from harness.runner.summary import RunSummary
from harness.runner.work import Filters, SuiteWork, WorkPlanner
from harness.store.records import Code
from harness.suite import Suite, load_suite
from harness.threads import usable_cores
from harness.worker.cache import StageCache

Names = Collection[str] | None
SuiteName = str | Path | Suite


def run(
    suites: SuiteName | Sequence[SuiteName],
    *,
    tier: Tier | None = None,
    results: Path | None = None,
    jobs: int = 1,
    rows: Names = None,
    stages: Names = None,
    datasets: Names = None,
    folds: Names = None,
    device: Literal["auto", "cpu", "cuda"] = "auto",
    threads: int | None = None,
    plugins: Sequence[Path] = (),
    offline: bool = False,
    progress: Progress | None = None,
    dry_run: bool = False,
    catalogue: Path | None = None,
) -> RunSummary:
    """Compute every cell of the suites that has no score yet, and return what was done.

    The rows of a data table count as cells; their facts are computed in this process.

    Args:
        suites: ids, paths of suite files, or loaded suites.
        tier: how much of each suite; None takes each suite's default tier.
        results: the results folder; None is `results` in the current folder.
        jobs: cells computed at the same time, each in a worker process of its own.
        rows, stages, datasets, folds: keep only cells of these; None keeps all.
        device: what stages that can use it are given; "auto" takes CUDA where there is a device.
        threads: threads of one worker; None shares the usable cores among the workers.
        plugins: Python files with further stages.
        offline: use no network, as `HARNESS_OFFLINE=1` does.
        progress: where progress goes; None shows it on stderr.
        dry_run: compute and write nothing; the summary's `pending` says how many cells would be computed.
        catalogue: path of `datasets.toml`; None searches for it from the current folder upwards.

    Raises:
        HarnessError: a mistake in suites, parameters or settings, or a results folder that cannot be written. What
            was computed before stays.
        KeyboardInterrupt: after the workers are gone and what was computed is stored.
    """
    if jobs < 1 or (threads is not None and threads < 1):
        raise HarnessError(f"jobs is {jobs} and threads is {threads}; accepted: whole numbers from 1")
    stage_registry = _with_plugins(plugins)
    names = [suites] if isinstance(suites, str | Path | Suite) else list(suites)
    loaded = [item if isinstance(item, Suite) else load_suite(item, stages=stage_registry) for item in names]
    unique = list({suite.id: suite for suite in loaded}.values())
    shown = progress if progress is not None else default_progress()
    filters = Filters(rows, stages, datasets, folds)
    with _offline(offline):
        planner = WorkPlanner(load_catalogue(catalogue), stage_registry, filters, log=shown.log)
        setup = WorkerSetup(
            cache=str(cache_folder().resolve()),
            scratch="",
            device=device,
            threads=threads or max(1, usable_cores() // jobs),
            catalogue="" if catalogue is None else str(catalogue.resolve()),
            plugins=tuple(str(path.resolve()) for path in plugins),
        )
        with ExitStack() as stack:
            folder = results or Path("results")
            tables: dict[str, FactsWork] = {}
            work: dict[str, SuiteWork] = {}
            for suite in unique:
                chosen = tier or suite.default_tier
                if suite.kind == "data-table":
                    tables[suite.id] = FactsWork(planner.catalogue, suite, chosen, folder, filters, dry_run=dry_run)
                else:
                    work[suite.id] = SuiteWork(planner, suite, chosen, folder, stack, dry_run=dry_run)
            code = Code(*commit_of_code())
            for table in tables.values():
                table.compute(code, stack, shown.log)
            if not dry_run:
                _compute(list(work.values()), setup, jobs, shown, stack, code)
            done: dict[str, FactsWork | SuiteWork] = {**tables, **work}
            return RunSummary(tuple(done[suite.id].summary() for suite in unique))


def _compute(
    work: Sequence[SuiteWork], setup: WorkerSetup, workers: int, shown: Progress, stack: ExitStack, code: Code
) -> None:
    """Run the jobs of all suites together, so that a worker serves its backend's cells of every suite."""
    owners = {id(job): one for one in work for job in one.jobs}
    if not owners:
        return
    StageCache(Path(setup.cache)).sweep()
    sweep_scratch()
    executor: Executor = stack.enter_context(LocalExecutor(setup, workers=workers, log=shown.log))
    shown.start(len(owners))
    stack.callback(shown.close)
    for finished in executor.run([job for one in work for job in one.jobs]):
        shown.finished(owners[id(finished.job)].keep(finished, code, setup.threads))


def _with_plugins(plugins: Sequence[Path]) -> Registry:
    """Return the registered stages and those of single files, without changing the process's registry."""
    if not plugins:
        return registry.stages()
    joined = Registry("stage")
    own = {str(path) for path in plugins}
    for entry in registry.stages():
        if entry.origin not in own:
            joined.add(entry)
    for path in plugins:
        registry.add_file(joined, path)
    return joined


@contextmanager
def _offline(is_wanted: bool) -> Iterator[None]:
    """Forbid the network to this process and its workers for a while."""
    before = os.environ.get("HARNESS_OFFLINE")
    if is_wanted:
        os.environ["HARNESS_OFFLINE"] = "1"
    try:
        yield
    finally:
        if is_wanted and before is None:
            del os.environ["HARNESS_OFFLINE"]
        elif is_wanted and before is not None:
            os.environ["HARNESS_OFFLINE"] = before
