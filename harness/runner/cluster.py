"""The executor of a cluster: Dask brings the machines; the queue, the limits and the records stay those of a run.

A cell is never blamed for the machine it ran on: one that is lost, or cannot compute, is replaced by another, and after
`LOSSES` losses the cell ends as "lost", which the next run computes again.
"""

from __future__ import annotations

import contextlib
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from harness.errors import HarnessError
from harness.identity import library_versions, own_versions
from harness.jobs.failures import loss_of, machine_places
from harness.jobs.messages import Job, WorkerSetup, encode, failure
from harness.runner.attempts import RETRIES
from harness.runner.batch import GPU, MEMORY, ClusterKind, require_jobs, wall_time_problem
from harness.runner.executor import Finished
from harness.runner.machines import (
    LOSSES,
    QUEUE_S,
    START_S,
    WAIT_S,
    checked_machines,
    client_of,
    replace_lost,
    scheduler_there,
    threads_of_cells,
)
from harness.runner.node import (
    Answer,
    NodeMismatchError,
    Terms,
    compute,
    leave,
    probe_name,
    read,
    versions,
)
from harness.runner.queue import Queue
from harness.runner.stopping import Stop

if TYPE_CHECKING:
    from distributed import Future

Resources = Mapping[str, float]
KEPT = "run again: what has ended is kept"
ANSWER_S = 5.0
"""How long an answer, which is small, may take from the machine that has it until all machines are looked at again."""


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
        shares_cores: bool = False,
        needs: Sequence[str] = (),
        memory_bytes: int = 0,
        deadline_s: float = 0.0,
        stop: Stop | None = None,
        retries: int = RETRIES,
        uses_gpu: Callable[[Job], bool] = lambda job: False,
    ) -> None:
        """Connect to a scheduler, or start a cluster of `workers` workers; `needs` are modules that jobs import.

        A batch system is asked for `memory_bytes`, the most that a job may take. Where its jobs end before
        `deadline_s`, the longest that a cell may take, that is said.

        Where workers declare the resources "GPU" or "MEMORY" (bytes), each job asks for one GPU if `uses_gpu`, and for
        its memory limit. Of the workers that are started here as many declare a GPU as there are GPUs.

        With `shares_cores` the machines of a scheduler say how many threads a worker has, in place of `setup`.

        The work ends early where `stop` says so.

        Raises `BackendError` where Dask is not installed, and what `client_of` and `checked_machines` raise.
        """
        self._log = log
        self._stop = stop or Stop()
        self._uses_gpu = cache(uses_gpu)  # asked of every job that waits, again and again
        self._places = machine_places(setup.cache, setup.scratch)
        self._lost_on: dict[Job, list[str]] = defaultdict(list)
        self._only_on: dict[Future, list[str]] = {}
        self._known: dict[str, float] = {}
        self._has_machines = True
        self._is_short = False
        self._stack = ExitStack()
        probe = Path(setup.cache) / probe_name()
        expected = versions(tuple({**own_versions(), **library_versions(needs)}))
        files = (*setup.catalogues, *setup.plugins)
        self._terms = Terms(encode(setup), sys.executable, expected, str(probe), retries, files)
        try:
            self._client = self._stack.enter_context(
                client_of(scheduler, self._stack, cluster, workers, setup, memory_bytes)
            )
            has_probe = self._left_probe(probe)
            limit_s = START_S
            if not scheduler and cluster != "local":
                limit_s = QUEUE_S
                if problem := wall_time_problem(cluster, deadline_s):
                    log(problem)
                log("waiting for the batch system to start a job")
            self._check(Path(setup.cache) if has_probe else None, limit_s)
            if scheduler and shares_cores:
                threads = threads_of_cells(self._client)
                log(f"threads of a cell: {threads}, as the cores of the cluster's machines allow (--threads sets them)")
                self._terms = replace(self._terms, setup=encode(replace(setup, threads=threads)))
            if scheduler:
                self._stack.callback(self._leave)
        except BaseException:
            self._stack.close()
            raise

    def run(self, jobs: Sequence[Job]) -> Iterator[Finished]:
        """Yield every job once, as they end; jobs that have not ended when the run is to stop are not yielded.

        Raises `HarnessError` if the scheduler is lost, and where a batch system refuses to lend any machine.
        """
        with scheduler_there(KEPT):
            self._check_room(jobs)
        queue = Queue(jobs)
        running: dict[Future, Job] = {}
        while running or (queue.is_pending and not self._stop.is_asked):
            if self._stop.is_over:
                with scheduler_there(KEPT):
                    self._client.cancel(list(running))
                return
            with scheduler_there(KEPT):
                if not self._stop.is_asked:
                    self._fill(queue, running)
                ended = self._ended(running)
            for future in ended:
                answered = self._answered(future)
                if answered is None:
                    running[future] = running.pop(future)
                    break  # others may be lost with it: all are looked at again, this one last
                job = running.pop(future)
                self._only_on.pop(future, None)
                finished = self._finished(job, *answered)
                if finished is None:
                    queue.again(job)
                    continue
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
        """Give out jobs while the cluster has room; `HarnessError` where no machine is left and none will come."""
        threads, declared = self._client.nthreads(), self._declared()
        replace_lost(self._client)
        self._note_machines(threads, declared, running)
        room = max(1, sum(threads.values()))
        self._put_back(threads, queue, running)
        # what waits for a machine that is lost takes no room of the others
        while sum(self._has_place(job, declared) for job in running.values()) < room:
            job = self._taken(queue, running.values())
            if job is None:
                return
            running[self._given_out(job, declared)] = job

    def _note_machines(
        self, threads: Mapping[str, int], declared: Mapping[str, Resources], running: Mapping[Future, Job]
    ) -> None:
        """Say once that no machine is left, or none for some cells; `HarnessError` where none will come."""
        if not threads:
            require_jobs(self._client)
            if self._has_machines:
                self._log("no machine of the cluster is left: waiting for one")
        self._has_machines = bool(threads)
        is_short = bool(threads) and not all(self._has_place(job, declared) for job in running.values())
        if is_short and not self._is_short:
            self._log(
                "no machine of the cluster has what some cells need, as one with a GPU that was lost had: they wait"
            )
        self._is_short = is_short

    def _has_place(self, job: Job, declared: Mapping[str, Resources]) -> bool:
        """Return whether a machine that is there could compute a job."""
        asked = self._asked_of(job)
        return any(_has_room(one, asked) for one in declared.values())

    def _taken(self, queue: Queue, running: Iterable[Job]) -> Job | None:
        """Return the next job; while every GPU is taken, one that asks for none: others would wait in its place."""
        busy = sum(GPU in self._asked_of(job) for job in running)
        has_gpu = busy < max(1.0, self._known.get(GPU, 0.0))
        return queue.take(None, lambda job: has_gpu or GPU not in self._asked_of(job))

    def _given_out(self, job: Job, declared: Mapping[str, Resources]) -> Future:
        """Give a job to a machine that has not lost it, if there is one."""
        asked, lost_on = self._asked_of(job), self._lost_on.get(job, ())
        # not only by preference: a machine that loses every job is idle, and Dask would have it steal from busy ones
        others = [one for one, has in declared.items() if lost_on and one not in lost_on and _has_room(has, asked)]
        future: Future = self._client.submit(
            compute, self._terms, encode(job), pure=False, retries=0, resources=asked, workers=others or None
        )
        if others:
            self._only_on[future] = others
        return future

    def _put_back(self, threads: Mapping[str, int], queue: Queue, running: dict[Future, Job]) -> None:
        """Put back the jobs that were meant for machines of which none is there any more."""
        for future, meant in list(self._only_on.items()):
            if future.done() or any(machine in threads for machine in meant):
                continue
            future.cancel()
            del self._only_on[future]
            queue.again(running.pop(future))

    def _ended(self, running: Mapping[Future, Job]) -> list[Future]:
        """Wait a moment and return what has ended; `ConnectionError` where the scheduler is gone."""
        from distributed import wait

        with contextlib.suppress(TimeoutError):  # machines may have come: look again how many there are
            wait(list(running), timeout=min(WAIT_S, self._stop.left_s), return_when="FIRST_COMPLETED")
        if self._client.status != "running":  # what the client says of its work is of no use any more
            raise ConnectionError(self._client.status)
        return [future for future in running if future.done()]

    def _asked_of(self, job: Job) -> Resources:
        """Return which of the resources that workers declare a job takes.

        Where the one worker with a GPU is lost, its jobs wait for the next one: they are not for workers without.
        """
        asked = {MEMORY: float(job.memory_bytes)} if self._known.get(MEMORY) else {}
        return {**asked, GPU: 1.0} if GPU in self._known and self._uses_gpu(job) else asked

    def _declared(self) -> dict[str, Resources]:
        """Return the resources that each worker declares, and remember how much there is of them."""
        workers = self._client.scheduler_info(n_workers=-1)["workers"]
        found: dict[str, Resources] = {address: one.get("resources", {}) for address, one in workers.items()}
        names = {*self._known, *(name for one in found.values() for name in one)}
        self._known = {name: sum(one.get(name, 0.0) for one in found.values()) for name in names}
        return found

    def _check_room(self, jobs: Sequence[Job]) -> None:
        """Raise `HarnessError` for a job that no worker has room for: Dask would let it wait for ever.

        Where all were lost this moment, nothing is known of the next ones.
        """
        declared = self._declared()
        for job in jobs:
            if not declared or self._has_place(job, declared):
                continue
            asked = self._asked_of(job)
            most = {name: max(one.get(name, 0.0) for one in declared.values()) for name in asked}
            taken, given = (" and ".join(f"{name} {amount:g}" for name, amount in one.items()) for one in (asked, most))
            raise HarnessError(
                f"{job.cell}: no machine of the cluster has room for it: it takes {taken}; the most that one declares "
                f"is {given}"
            )

    def _leave(self) -> None:
        """End what this run keeps on machines that go on without it."""
        if self._client.status == "running":
            with contextlib.suppress(OSError, TimeoutError):  # a machine that is gone this moment
                self._client.run(leave, self._terms.key, on_error="ignore")

    def _answered(self, future: Future) -> tuple[BaseException | None, Answer | None] | None:
        """Return the error or the answer of what has ended.

        None where the machine that has it was lost this moment: Dask has it computed again, which may take any time,
        or for ever where no machine is left.
        """
        with scheduler_there(KEPT):
            try:
                error = future.exception(timeout=ANSWER_S)
                return error, future.result(timeout=ANSWER_S) if error is None else None
            except TimeoutError:
                return None

    def _finished(self, job: Job, error: BaseException | None, answer: Answer | None) -> Finished | None:
        """Return the end of a job, None where it is to be given out again."""
        if answer is not None:
            for line in answer.log:
                self._log(line)
            outcome, ready = read(answer)
            return self._settled(Finished(job, outcome, ready), answer.machine)
        assert error is not None
        if isinstance(error, NodeMismatchError):
            raise HarnessError(f"a machine of the cluster differs from the one of this run: {error}") from error
        if type(error).__module__.partition(".")[0] == "distributed":  # Dask has given it out again and again
            message = f"the machine that computed it was lost ({type(error).__name__}), {LOSSES + 1} times in a row"
            return Finished(job, failure("lost", "NodeLost", message))
        if not isinstance(error, OSError | HarnessError):
            raise error
        return self._settled(Finished(job, loss_of(error, places=self._places)), "")

    def _settled(self, finished: Finished, machine: str) -> Finished | None:
        """Return the end of a job; None where a machine could not compute it and another one is to try."""
        job, outcome, lost_on = finished.job, finished.outcome, self._lost_on[finished.job]
        if outcome.status != "lost" or outcome.error is None:
            return finished
        if len(lost_on) < LOSSES and not self._stop.is_asked:
            lost_on.append(machine)
            self._log(f"{job.cell}: {outcome.error.message} ({machine or 'a machine'}); it is given out again")
            return None
        count = f" (given out {len(lost_on) + 1} times)" if lost_on else ""
        told = replace(outcome.error, message=f"{outcome.error.message}{count}")
        return replace(finished, outcome=replace(outcome, error=told))

    def _left_probe(self, probe: Path) -> bool:
        """Write the file by which machines know the cache of this run until it ends, and return whether it is there."""
        try:
            probe.parent.mkdir(parents=True, exist_ok=True)
            probe.touch()
        except OSError as error:
            self._log(
                f"the cache {probe.parent} cannot be written ({error.strerror}): machines of the cluster take it for "
                "one that they do not see, and use their own"
            )
            return False
        self._stack.callback(_remove, probe)
        return True

    def _check(self, cache: Path | None, limit_s: float) -> None:
        """Look at every machine: its versions, and whether it sees the files of this run and its cache, if given."""
        count, blind = checked_machines(
            self._client,
            self._terms.probe,
            self._terms.expected,
            self._terms.files,
            limit_s=limit_s,
            stop=self._stop,
        )
        if blind and cache is not None:
            self._log(
                f"{len(blind)} of {count} machines do not see the cache {cache} ({', '.join(blind[:3])}): they "
                "fetch data and train models for themselves, and predictions stay there"
            )


def _has_room(declared: Resources, asked: Resources) -> bool:
    return all(declared.get(name, 0.0) >= amount for name, amount in asked.items())


def _remove(probe: Path) -> None:
    with contextlib.suppress(OSError):  # a cache that was removed, or cannot be written any more
        probe.unlink(missing_ok=True)
