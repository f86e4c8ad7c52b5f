"""`harness.run`: suites in, records on disk and a summary out."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Literal

from harness.datasets.fetching.places import cache_folder
from harness.errors import HarnessError
from harness.jobs.messages import Job, WorkerSetup
from harness.model import Tier
from harness.predictions import Predictions
from harness.project import RUNS, Project, SuiteName
from harness.provenance import commit_of_code
from harness.runner.attempts import RETRIES
from harness.runner.backends import BackendChooser, needed
from harness.runner.batch import ClusterKind
from harness.runner.cluster import DaskExecutor
from harness.runner.executor import Executor
from harness.runner.gpus import visible_gpus
from harness.runner.local import LocalExecutor
from harness.runner.order import Order, Task, Work
from harness.runner.preparing import Preparation
from harness.runner.progress import Progress, default_progress
from harness.runner.statements import StatementWork
from harness.runner.stopping import GRACE_S, Stop, heeding_signals, stated_wall_time_s
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
    results: Path | str | None = None,
    only: Selection = EVERYTHING,
    jobs: int = 1,
    executor: Literal["local", "dask"] = "local",
    scheduler: str = "",
    cluster: ClusterKind = "local",
    device: Literal["auto", "cpu", "cuda"] = "auto",
    threads: int | None = None,
    offline: bool = False,
    again: bool = False,
    failed: bool = False,
    retries: int = RETRIES,
    dry_run: bool = False,
    time_limit_s: float | None = None,
    wall_time_s: float | None = None,
    grace_s: float = GRACE_S,
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
        threads: threads of one worker; None shares the usable cores among the workers. With `scheduler` those are the
            cores of its machines, shared among the cells that one takes at a time: the fewest of all machines.
        offline: use no network, as `HARNESS_OFFLINE=1` does.
        again: compute cells that have scores too; their records are replaced.
        failed: compute only the cells in which a method failed: by an exception, too much time or memory, or because
            its process ended.
        retries: how often a cell is tried again that ended by no doing of its method, as far as one can tell: its
            process was ended by a signal of somebody else, or the file system does not serve.
        dry_run: compute and write nothing; the summary's `pending` says how many cells would be computed.
        time_limit_s: seconds after which computing ends, in the middle of a cell if need be; cells that were not
            computed by then are missing, with that reason. What is fetched before the first cell takes its own time.
        wall_time_s: seconds after which a batch system ends this process; None reads what SLURM tells its jobs. Some
            seconds before it, as at SIGTERM and SIGUSR1, no cell is begun any more.
        grace_s: how long cells at work may then go on before they are given up.
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
    if retries < 0 or grace_s < 0 or (again and failed):
        raise HarnessError(
            f"retries is {retries}, grace_s is {grace_s:g}, again is {again}, failed is {failed}; accepted: "
            "numbers from 0, and either all cells again or those that failed"
        )
    found = project or Project.find(plugins=plugins, catalogues=() if catalogue is None else (catalogue,))
    if methods:
        found = replace(found, methods=(*found.methods, *methods))
    loaded = found.suites([suites] if isinstance(suites, str | Path | Suite) else list(suites))
    shown = progress if progress is not None else default_progress()
    stop = Stop(
        limit_s=math.inf if time_limit_s is None else time_limit_s,
        wall_time_s=stated_wall_time_s(shown.log) if wall_time_s is None else wall_time_s,
        grace_s=grace_s,
    )
    with _offline(offline), ExitStack() as stack, heeding_signals(stop, shown.log):
        order = Order(
            found,
            Path(results or RUNS),
            only,
            Preparation(found.catalogue, found.stages),
            BackendChooser(found.stages),
            shown.log,
            Code(*commit_of_code()),
            again=again,
            failed=failed,
            dry_run=dry_run,
        )
        setup = WorkerSetup(
            cache=str(cache_folder().resolve()),
            scratch="",
            device=device,
            threads=threads or max(1, usable_cores() // jobs),
            catalogues=tuple(str(path.resolve()) for path in found.catalogues),
            plugins=tuple(str(path.resolve()) for path in found.plugins),
        )

        def uses_gpu(job: Job) -> bool:
            is_here = executor == "local" or (not scheduler and cluster == "local")
            return device != "cpu" and order.chooser.can_use_gpu(job.cell, is_here=is_here)

        def make(tasks: Sequence[Task]) -> Executor:
            if executor == "local":
                return stack.enter_context(
                    LocalExecutor(
                        setup,
                        workers=jobs,
                        log=shown.log,
                        stop=stop,
                        retries=retries,
                        gpus=visible_gpus() if jobs > 1 and device != "cpu" else (),
                        uses_gpu=uses_gpu,
                    )
                )
            chosen = {spec.id for task in tasks for spec in task.job.cell.chain}
            needs = sorted({module for name in chosen for module in needed(found.stages, name)})
            return stack.enter_context(
                DaskExecutor(
                    setup,
                    workers=jobs,
                    log=shown.log,
                    scheduler=scheduler,
                    cluster=cluster,
                    shares_cores=threads is None,
                    needs=needs,
                    memory_bytes=max(task.job.memory_bytes for task in tasks),
                    deadline_s=max(task.job.deadline_s for task in tasks),
                    stop=stop,
                    retries=retries,
                    uses_gpu=uses_gpu,
                )
            )

        work = [KINDS[suite.kind](order, suite, tier or suite.default_tier) for suite in loaded]
        for one in work:
            one.begin(stack)
        tasks = [task for one in work for task in one.tasks]
        stopped = ""
        if device == "cuda" and executor == "local" and not dry_run:
            order.chooser.require_gpu(task.job.cell for task in tasks)
        if tasks and not dry_run:
            timings = [timing for one in work for timing in one.known_timings()]
            left = TimeLeft([task.job for task in tasks], timings, jobs, refresh_s=LEFT_S)
            executor_of_run = make(tasks)
            stop.is_computing = True
            unfinished = _compute(tasks, executor_of_run, left, shown, stack)
            for task in unfinished:
                task.give_up(f"not computed: {stop.reason}")
            stopped = stop.reason if unfinished else ""
        return RunSummary(tuple(one.summary() for one in work), stopped)


def _compute(
    tasks: Sequence[Task], executor: Executor, left: TimeLeft, shown: Progress, stack: ExitStack
) -> list[Task]:
    """Run the tasks of all suites together, so that a worker serves its backend's cells of every suite.

    Returns those that had not ended when the run was to stop.
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
