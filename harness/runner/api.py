"""`harness.run`: suites in, records on disk and a summary out."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Literal

from harness.clock import spoken
from harness.datasets.fetching.places import cache_folder
from harness.errors import HarnessError
from harness.jobs.messages import WorkerSetup
from harness.model import Tier
from harness.predictions import Predictions
from harness.project import RUNS, Project, SuiteName
from harness.provenance import commit_of_code
from harness.runner.backends import BackendChooser, needed
from harness.runner.cluster import ClusterKind, DaskExecutor
from harness.runner.executor import Executor
from harness.runner.local import LocalExecutor
from harness.runner.order import Order, Task, Work
from harness.runner.preparing import Preparation
from harness.runner.progress import Progress, default_progress
from harness.runner.statements import StatementWork
from harness.runner.summary import RunSummary
from harness.runner.sweeping import sweep
from harness.runner.time_left import TimeLeft
from harness.runner.work import SuiteWork
from harness.store.records import Code
from harness.suite import EVERYTHING, Selection, Suite
from harness.threads import usable_cores

KINDS: Mapping[str, Callable[[Order, Suite, Tier], Work]] = {"scores": SuiteWork, "data-table": StatementWork}
"""The work of each kind of suite."""

LEFT_S = 1.0
"""How often it is looked at how long a run will still take."""


def run(
    suites: SuiteName | Sequence[SuiteName],
    *,
    tier: Tier | None = None,
    results: Path | None = None,
    only: Selection = EVERYTHING,
    jobs: int = 1,
    executor: Literal["local", "dask"] = "local",
    scheduler: str = "",
    cluster: ClusterKind = "local",
    device: Literal["auto", "cpu", "cuda"] = "auto",
    threads: int | None = None,
    offline: bool = False,
    again: bool = False,
    dry_run: bool = False,
    time_limit_s: float | None = None,
    progress: Progress | None = None,
    plugins: Sequence[Path] = (),
    methods: Sequence[str] = (),
    catalogue: Path | None = None,
    project: Project | None = None,
) -> RunSummary:
    """Compute every cell of the suites that has no score yet, and return what was done.

    The rows of a data table count as cells; their facts are computed in this process.

    Args:
        suites: ids, paths of suite files, or loaded suites.
        tier: how much of each suite; None takes each suite's default tier.
        results: the folder that records go to; None is the working folder, `runs` in the current folder.
        only: which cells are wanted.
        jobs: cells computed at the same time, each in a worker process of its own.
        executor: "local" computes on this machine, "dask" on those of a Dask cluster (the extra "distributed").
        scheduler: address of a Dask scheduler that runs already; its workers compute, `jobs` is not asked.
        cluster: what is started where no scheduler is named: "local" worker processes, or jobs of a batch system, whose
            queue and wall time Dask's `jobqueue.yaml` states.
        device: what stages that can use it are given; "auto" takes CUDA where there is a device, "cuda" is an error,
            before the first cell, where one of them finds none.
        threads: threads of one worker; None shares the usable cores among the workers.
        offline: use no network, as `HARNESS_OFFLINE=1` does.
        again: compute cells that have scores too; their records are replaced.
        dry_run: compute and write nothing; the summary's `pending` says how many cells would be computed.
        time_limit_s: seconds after which computing ends, in the middle of a cell if need be; cells that were not
            computed by then are missing, with that reason. What is fetched before the first cell takes its own time.
        progress: where progress goes; None shows it on stderr.
        plugins: Python files with further stages and metrics, of the project found from the current folder upwards.
        methods: rows laid over the suites: chains "stage?parameter=value -> stage", or paths of files with `[[rows]]`.
        catalogue: path of a `datasets.toml` for that project; None searches for it.
        project: what suites, data sets and stages are looked up in, in place of the one that is found.

    Raises:
        HarnessError: a mistake in suites, parameters or settings, or a results folder that cannot be written. What
            was computed before stays.
        KeyboardInterrupt: after the workers are gone and what was computed is stored.
    """
    if jobs < 1 or (threads is not None and threads < 1):
        raise HarnessError(f"jobs is {jobs} and threads is {threads}; accepted: whole numbers from 1")
    ends_at_s = time.monotonic() + (float("inf") if time_limit_s is None else time_limit_s)
    found = project or Project.find(plugins=plugins, catalogues=() if catalogue is None else (catalogue,))
    if methods:
        found = replace(found, methods=(*found.methods, *methods))
    loaded = found.suites([suites] if isinstance(suites, str | Path | Suite) else list(suites))
    shown = progress if progress is not None else default_progress()
    with _offline(offline), ExitStack() as stack:
        threads_each = threads or max(1, usable_cores() // jobs)
        order = Order(
            found,
            results or RUNS,
            only,
            Preparation(found.catalogue, found.stages),
            BackendChooser(found.stages),
            shown.log,
            Code(*commit_of_code()),
            threads_each,
            again=again,
            dry_run=dry_run,
        )
        setup = WorkerSetup(
            cache=str(cache_folder().resolve()),
            scratch="",
            device=device,
            threads=threads_each,
            catalogues=tuple(str(path.resolve()) for path in found.catalogues),
            plugins=tuple(str(path.resolve()) for path in found.plugins),
        )

        def make(tasks: Sequence[Task]) -> Executor:
            if executor == "local":
                return stack.enter_context(LocalExecutor(setup, workers=jobs, log=shown.log, ends_at_s=ends_at_s))
            chosen = {spec.id for task in tasks for spec in task.job.cell.chain}
            needs = sorted({module for name in chosen for module in needed(found.stages, name)})
            return stack.enter_context(
                DaskExecutor(
                    setup,
                    workers=jobs,
                    log=shown.log,
                    scheduler=scheduler,
                    cluster=cluster,
                    needs=needs,
                    ends_at_s=ends_at_s,
                )
            )

        work = [KINDS[suite.kind](order, suite, tier or suite.default_tier) for suite in loaded]
        for one in work:
            one.begin(stack)
        tasks = [task for one in work for task in one.tasks]
        if device == "cuda" and executor == "local" and not dry_run:
            order.chooser.require_gpu(task.job.cell for task in tasks)
        if tasks and not dry_run:
            timings = [timing for one in work for timing in one.known_timings()]
            left = TimeLeft([task.job for task in tasks], timings, jobs, refresh_s=LEFT_S)
            for task in _compute(tasks, make(tasks), left, shown, stack):
                task.give_up(f"not computed: the time given, {spoken(time_limit_s or 0.0)}, was over")
        return RunSummary(tuple(one.summary() for one in work))


def _compute(
    tasks: Sequence[Task], executor: Executor, left: TimeLeft, shown: Progress, stack: ExitStack
) -> list[Task]:
    """Run the tasks of all suites together, so that a worker serves its backend's cells of every suite.

    Returns those that did not end in the time given.
    """
    cache = cache_folder()
    sweep(cache)
    evicted = Predictions(cache).apply_limit()
    if evicted:
        size = sum(item.bytes for item in evicted) / 1e6
        shown.log(f"{len(evicted)} kept predictions removed ({size:.1f} MB, {evicted[0].why})")
    owners = {id(task.job): task for task in tasks}
    shown.start(len(tasks))
    stack.callback(shown.close)
    for finished in executor.run([task.job for task in tasks]):
        line = owners.pop(id(finished.job)).keep(finished)
        shown.finished(line, left.finished(finished))
    return list(owners.values())


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
