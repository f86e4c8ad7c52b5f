"""The executor of a cluster: Dask brings the machines; the queue, the limits and the records stay those of a run.

A cell is never blamed for the machine it ran on: one that is lost is replaced by another, and after `RETRIES` losses
the cell ends as "lost", which the next run computes again.
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal

from harness.errors import BackendError, HarnessError
from harness.identity import library_versions, own_versions
from harness.jobs.messages import Job, WorkerSetup, encode, failure
from harness.runner.executor import Finished
from harness.runner.node import Answer, NodeMismatchError, compute, look, probe_name, read, versions
from harness.runner.queue import Queue

if TYPE_CHECKING:
    from distributed import Client, Future

ClusterKind = Literal["local", "slurm", "pbs"]
RETRIES = 3
"""How often a cell is given to another machine after one was lost."""
CONNECT_S = 15.0
START_S = 600.0
"""How long the first machine of a cluster may take to come."""
WAIT_S = 5.0


class DaskExecutor:
    """Gives jobs to the machines of a Dask cluster, as many at a time as it has threads."""

    def __init__(
        self,
        setup: WorkerSetup,
        *,
        workers: int,
        log: Callable[[str], None],
        scheduler: str = "",
        cluster: ClusterKind = "local",
        needs: Sequence[str] = (),
        ends_at_s: float = float("inf"),
    ) -> None:
        """Connect to a scheduler, or start a cluster of `workers` workers; `needs` are modules that jobs import.

        At `ends_at_s` on the monotonic clock the work ends, whatever is going on.

        Raises `BackendError` where Dask is not installed, `HarnessError` for a scheduler that is not there, and for
        machines with other versions.
        """
        self._log = log
        self._ends_at_s = ends_at_s
        self._setup = encode(setup)
        self._stack = ExitStack()
        self._expected = versions(tuple({**own_versions(), **library_versions(needs)}))
        try:
            self._client = self._stack.enter_context(_client(scheduler, cluster, workers, setup.threads, self._stack))
            self._check(Path(setup.cache))
        except BaseException:
            self._stack.close()
            raise

    def run(self, jobs: Sequence[Job]) -> Iterator[Finished]:
        """Yield every job once, as they end; jobs that have not ended when the time is over are not yielded.

        Raises `HarnessError` if the scheduler is lost.
        """
        from distributed import wait

        queue = Queue(jobs)
        running: dict[Future, Job] = {}
        while queue.is_pending or running:
            left_s = self._ends_at_s - time.monotonic()
            if left_s <= 0:
                self._client.cancel(list(running))
                return
            self._fill(queue, running)
            with contextlib.suppress(TimeoutError):  # machines may have come: look again how many there are
                wait(list(running), timeout=min(WAIT_S, left_s), return_when="FIRST_COMPLETED")
            if self._client.status != "running":
                raise HarnessError("the scheduler of the cluster is gone; run again: what has ended is kept")
            for future in [future for future in running if future.done()]:
                job = running.pop(future)
                finished = self._finished(job, future)
                queue.done(job, is_ok=finished.outcome.status == "ok")
                yield finished

    def close(self) -> None:
        """End everything at once."""
        self._stack.close()

    def __enter__(self) -> DaskExecutor:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _fill(self, queue: Queue, running: dict[Future, Job]) -> None:
        """Give out jobs while the cluster has room."""
        room = max(1, sum(self._client.nthreads().values()))
        while len(running) < room:
            job = queue.take(None)
            if job is None:
                return
            future = self._client.submit(
                compute, self._setup, encode(job), sys.executable, self._expected, pure=False, retries=0
            )
            running[future] = job

    def _finished(self, job: Job, future: Future) -> Finished:
        error = future.exception()
        if error is None:
            answer: Answer = future.result()
            for line in answer.log:
                self._log(line)
            outcome, ready = read(answer)
            return Finished(job, outcome, ready)
        if isinstance(error, NodeMismatchError):
            raise HarnessError(f"a machine of the cluster has other versions than this run: {error}") from error
        if type(error).__module__.partition(".")[0] != "distributed":
            raise error
        message = f"the machine that computed it was lost ({type(error).__name__}), {RETRIES + 1} times in a row"
        return Finished(job, failure("lost", "NodeLost", message))

    def _check(self, cache: Path) -> None:
        """Look at every machine: its versions, and whether it sees the cache of this run."""
        probe = cache / probe_name()
        probe.parent.mkdir(parents=True, exist_ok=True)
        probe.touch()
        try:
            self._client.wait_for_workers(1, timeout=START_S)
            seen: Mapping[str, Any] = self._client.run(look, str(probe), self._expected)
        except TimeoutError as error:
            raise HarnessError(f"no machine of the cluster came within {START_S:g} s") from error
        finally:
            probe.unlink()
        wrong = {worker: found for worker, (_, found) in seen.items() if found}
        if wrong:
            lines = [f"{worker}: {'; '.join(found)}" for worker, found in sorted(wrong.items())]
            raise HarnessError("machines of the cluster have other versions than this run:\n" + "\n".join(lines))
        blind = sorted(worker for worker, (sees, _) in seen.items() if not sees)
        if blind:
            self._log(
                f"{len(blind)} of {len(seen)} machines do not see the cache {cache} ({', '.join(blind[:3])}): they "
                "fetch data and train models for themselves, and predictions stay there"
            )


def job_script(cluster: ClusterKind, *, threads: int, memory_gb: float) -> str:
    """Return the script with which a batch system is asked for one machine; raises `BackendError` without the extra."""
    with _batch_cluster(cluster, threads, memory_gb) as found:
        return str(found.job_script())


def _client(scheduler: str, cluster: ClusterKind, workers: int, threads: int, stack: ExitStack) -> Client:
    try:
        import dask
        from distributed import Client, LocalCluster
    except ImportError as error:
        raise BackendError(
            "--executor dask needs dask.distributed: pip install 'segmentation-harness[distributed]'"
        ) from error
    stack.enter_context(dask.config.set({"distributed.scheduler.allowed-failures": RETRIES}))
    if scheduler:
        try:
            return Client(scheduler, timeout=CONNECT_S)
        except (OSError, ValueError) as error:
            raise HarnessError(f"--scheduler {scheduler}: nobody answers there ({error})") from error
    if cluster == "local":
        made = LocalCluster(
            n_workers=workers, threads_per_worker=1, processes=True, memory_limit=0, dashboard_address=None
        )
    else:
        made = _batch_cluster(cluster, threads, memory_gb=0)
        made.scale(jobs=workers)
    return Client(stack.enter_context(made))


def _batch_cluster(cluster: ClusterKind, threads: int, memory_gb: float) -> Any:
    """Return a cluster of a batch system: queue, account and wall time come from Dask's `jobqueue.yaml`."""
    try:
        import dask_jobqueue
    except ImportError as error:
        raise BackendError(
            f"--cluster {cluster} needs dask-jobqueue: pip install 'segmentation-harness[distributed]'"
        ) from error
    kind = getattr(dask_jobqueue, {"slurm": "SLURMCluster", "pbs": "PBSCluster"}[cluster])
    given = {"memory": f"{memory_gb:g}GB"} if memory_gb else {}
    # one cell at a time on a machine: its cores are for the threads of the numerical libraries in our worker
    return kind(cores=threads, processes=1, worker_extra_args=["--nthreads", "1"], **given)
