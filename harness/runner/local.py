"""The executor of this machine: it keeps worker processes, gives them jobs, and watches them."""

from __future__ import annotations

import selectors
import time
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from types import TracebackType

from harness.errors import BackendError
from harness.interpreters import signal_name
from harness.jobs.channel import PIPE_LOST
from harness.jobs.failures import FILE_SYSTEM, machine_places, one_line
from harness.jobs.messages import (
    Backend,
    Done,
    Event,
    ForeignBytesError,
    Job,
    Log,
    Outcome,
    Ready,
    Resumed,
    StageBegun,
    Waiting,
    WorkerSetup,
    failure,
    mismatch,
)
from harness.model import Status
from harness.runner.attempts import DOUBTFUL, RETRIES, Attempts
from harness.runner.executor import Finished
from harness.runner.process import WorkerProcess
from harness.runner.queue import Queue
from harness.runner.stopping import Stop

POLL_S = 0.05
"""How often memory and deadlines are looked at."""

START_S = 300.0
"""How long a worker may take to start: importing from a cold network disk is slow."""


END_S = 2.0
"""How long a worker that has closed its pipe may take to end."""


class LocalExecutor:
    """Up to `workers` worker processes at a time, each kept for the cells of one backend.

    The work ends early where `stop` says so. A cell is tried again up to `retries` times after what may not have been
    its method's doing. Of `gpus`, each is one worker's: a cell of which `uses_gpu` holds waits for one, for two that
    shared one would share its memory. Where none are named, all cells go to all workers.
    """

    def __init__(
        self,
        setup: WorkerSetup,
        *,
        workers: int,
        log: Callable[[str], None],
        stop: Stop | None = None,
        retries: int = RETRIES,
        gpus: Sequence[str] = (),
        uses_gpu: Callable[[Job], bool] = lambda job: False,
    ) -> None:
        self._setup = setup
        self._size = workers
        self._gpus = tuple(gpus)
        self._uses_gpu = cache(uses_gpu)  # asked of every job that waits, again and again
        self._stop = stop or Stop()
        self._attempts = Attempts(retries)
        self._log = log
        self._workers: list[WorkerProcess] = []
        self._queue = Queue(())
        self._selector = selectors.DefaultSelector()
        self._looked_at_s = 0.0
        self._unusable: dict[Backend, str] = {}
        self._places = machine_places(setup.cache, setup.scratch)

    def run(self, jobs: Sequence[Job]) -> Iterator[Finished]:
        """Yield every job once, as they end; a worker has its next job before the last one is handed over.

        When the run is to stop, workers are killed, and jobs that have not ended are not yielded.
        """
        self._queue = Queue(jobs)
        if 0 < len(self._gpus) < min(self._size, sum(map(self._needs_gpu, jobs))):
            self._log(f"cells that can use a GPU run {len(self._gpus)} at a time: each has one of its own")
        self._looked_at_s = time.monotonic()
        while any(worker.job for worker in self._workers) or (self._queue.is_pending and not self._stop.is_asked):
            if self._stop.is_over:
                self._end_all()
                return
            finished = self._assign()
            if not finished:
                spoken = self._selector.select(POLL_S)
                is_due = self._look()
                for key, _ in spoken:
                    finished += self._read_events(key.data)
                finished += self._check_workers() if is_due else []
                finished += self._assign()
            yield from finished

    def close(self) -> None:
        """Kill every worker."""
        self._end_all()
        self._selector.close()

    def __enter__(self) -> LocalExecutor:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _assign(self) -> list[Finished]:
        """Give idle workers, and new ones while there is room, their next jobs."""
        finished: list[Finished] = []
        if self._stop.is_asked:
            return []
        for worker in [worker for worker in self._workers if worker.job is None]:
            job = self._take_for(worker)
            if job is not None:
                self._dispatch(worker, job)
        while self._queue.is_pending:
            idle = [worker for worker in self._workers if worker.job is None]
            if len(self._workers) - len(idle) >= self._size:
                break
            job = self._take_for_another(idle)
            if job is None:
                break
            if job.backend in self._unusable:
                self._queue.done(job, is_ok=False)
                finished.append(Finished(job, _not_started(self._unusable[job.backend])))
                continue
            takes_gpu = self._needs_gpu(job) and not self._free_gpus()
            if takes_gpu or len(self._workers) >= self._size:
                self._end(next((worker for worker in idle if (worker.gpu is not None) == takes_gpu), idle[0]))
            finished += self._start(job)
        return finished

    def _needs_gpu(self, job: Job) -> bool:
        return bool(self._gpus) and self._uses_gpu(job)

    def _free_gpus(self) -> list[str]:
        held = {worker.gpu for worker in self._workers}
        return [gpu for gpu in self._gpus if gpu not in held]

    def _take_for(self, worker: WorkerProcess) -> Job | None:
        """Return the next job of an idle worker; one with a GPU takes no other where any that needs one waits."""
        if worker.gpu is None:
            return self._queue.take(worker.backend, lambda job: not self._needs_gpu(job))
        job = self._queue.take(worker.backend, self._needs_gpu)
        return job or (None if self._queue.holds(self._needs_gpu) else self._queue.take(worker.backend))

    def _take_for_another(self, idle: Sequence[WorkerProcess]) -> Job | None:
        """Return the next job of a worker that is to be started; one that needs a GPU if one is free, or held idly."""
        has_gpu = bool(self._free_gpus()) or any(worker.gpu is not None for worker in idle)
        job = self._queue.take(None, self._needs_gpu) if has_gpu else None
        return job or self._queue.take(None, lambda job: not self._needs_gpu(job))

    def _start(self, job: Job) -> list[Finished]:
        gpu = self._free_gpus()[0] if self._needs_gpu(job) else None
        try:
            worker = WorkerProcess(job.backend, self._setup, gpu)
        except BackendError as error:
            self._unusable[job.backend] = one_line(str(error), self._places)
            self._queue.done(job, is_ok=False)
            return [Finished(job, _not_started(self._unusable[job.backend]))]
        self._workers.append(worker)
        self._selector.register(worker.inbox.fd, selectors.EVENT_READ, worker)
        worker.deadline_s = time.monotonic() + START_S
        self._dispatch(worker, job)
        return []

    def _dispatch(self, worker: WorkerProcess, job: Job) -> None:
        worker.job = job
        if worker.ready:
            worker.send_job()

    def _read_events(self, worker: WorkerProcess) -> list[Finished]:
        finished: list[Finished] = []
        try:
            for message in worker.messages():
                finished += self._handle(worker, message.event)
                if worker not in self._workers:  # what it said has ended it; nothing else that it said counts
                    return finished
        except ForeignBytesError as error:
            return [*finished, *self._worker_failed(worker, "killed", "ForeignBytes", str(error))]
        if worker in self._workers and worker.inbox.is_closed:
            finished += self._worker_died(worker)
        return finished

    def _handle(self, worker: WorkerProcess, event: Event) -> list[Finished]:
        if isinstance(event, Log):
            self._log(event.line)
        elif isinstance(event, StageBegun):
            worker.stage = event.stage
        elif isinstance(event, Waiting):
            worker.stage = event.stage
            worker.pause()
        elif isinstance(event, Resumed):
            worker.resume()
        elif isinstance(event, Ready):
            worker.send_job()
        else:
            return self._handle_done(worker, event)
        return []

    def _handle_done(self, worker: WorkerProcess, done: Done) -> list[Finished]:
        assert worker.job is not None
        contradiction = mismatch(worker.job, done.outcome)
        if contradiction:
            return self._worker_failed(worker, "killed", "ForeignBytes", contradiction)
        finished = self._finish(worker, done.outcome)
        if done.is_spent:
            self._end(worker)
        return finished

    def _finish(self, worker: WorkerProcess, outcome: Outcome) -> list[Finished]:
        """Return the end of a worker's cell; none where it is tried again."""
        job = worker.job
        assert job is not None
        worker.job, worker.deadline_s = None, float("inf")
        if self._attempts.is_to_be_tried_again(job, outcome):
            self._queue.again(job)
            self._log(f"{job.cell}: {outcome.error.message if outcome.error else ''}; it is tried again")
            return []
        outcome = self._attempts.last(job, outcome)
        self._queue.done(job, is_ok=outcome.status == "ok")
        if outcome.status not in ("ok", "not-applicable", "backend-missing"):
            self._keep_log(worker)
        return [Finished(job, outcome, worker.ready)]

    def _look(self) -> bool:
        """Tell workers at work of the time since the last look; return False where that was a moment ago.

        What they have said meanwhile is read after it: it may stop a clock, or start one.
        """
        since_s = time.monotonic() - self._looked_at_s
        if since_s < POLL_S:
            return False
        self._looked_at_s += since_s
        for worker in self._workers:
            if worker.job is not None:
                worker.note_look(since_s)
        return True

    def _check_workers(self) -> list[Finished]:
        """Kill workers that are late, use too much memory, or have died without closing their pipe."""
        finished: list[Finished] = []
        for worker in list(self._workers):
            worker.mark_log()
            if worker.exit_code() is not None and not self._has_news(worker):
                finished += self._worker_died(worker)
            elif worker.job is not None:
                finished += self._check_limits(worker, worker.job)
        return finished

    def _has_news(self, worker: WorkerProcess) -> bool:
        return any(key.data is worker for key, _ in self._selector.select(0))

    def _check_limits(self, worker: WorkerProcess, job: Job) -> list[Finished]:
        resident = worker.memory.read_bytes()
        if worker.ready and resident > job.memory_bytes:
            message = f"used {resident / 1e9:.2f} GB; the limit is {job.memory_bytes / 1e9:.2f} GB"
            return self._worker_failed(worker, "out-of-memory", "MemoryLimit", message)
        allowed_s, of_what = (
            (job.deadline_s, "its deadline") if worker.ready else (START_S, "a worker may take to start")
        )
        if worker.stalled_s > allowed_s:
            message = f"a file system did not answer for {allowed_s:g} s, as long as {of_what}"
            return self._worker_failed(worker, "lost", FILE_SYSTEM, message)
        is_late = worker.is_late(self._looked_at_s)  # not by now: the run may have been suspended since that look
        if is_late and worker.ready:
            return self._worker_failed(worker, "timeout", "Deadline", f"still running after {job.deadline_s:g} s")
        if is_late:
            self._unusable[job.backend] = f"the worker did not start within {START_S:g} s"
            return self._worker_failed(worker, "backend-missing", "WorkerStart", self._unusable[job.backend])
        return []

    def _worker_failed(self, worker: WorkerProcess, status: Status, kind: str, message: str) -> list[Finished]:
        """End a worker that may not go on, and with it the cell it computes."""
        job = worker.job
        finished: list[Finished] = []
        if job is not None:
            total_s = job.deadline_s if status == "timeout" else _age_s(worker, job)
            stage = worker.stage if worker.ready else ""
            finished += self._finish(worker, failure(status, kind, message, stage=stage, total_s=total_s))
        else:
            self._log(f"ended a worker: {message}")
        self._end(worker)
        return finished

    def _worker_died(self, worker: WorkerProcess) -> list[Finished]:
        """Handle the end of a worker that nobody asked to end, or its silence."""
        job = worker.job
        if job is None:
            self._end(worker)
            return []
        code = worker.exit_code(wait_s=END_S)
        cause = _cause(code)
        if worker.ready:
            return self._worker_failed(worker, "killed", *cause)
        if cause[0] in DOUBTFUL:  # none of its method's doing, which was never called
            return self._worker_failed(worker, "lost", cause[0], f"{cause[1]} before it was ready")
        last_lines = one_line(worker.last_log_lines(), self._places)
        self._unusable[job.backend] = f"the worker did not start: {last_lines}"
        return self._worker_failed(worker, "backend-missing", "WorkerStart", self._unusable[job.backend])

    def _keep_log(self, worker: WorkerProcess) -> None:
        if worker.keep_log():
            self._log(f"what the worker printed is kept in {worker.log_path}")

    def _end_all(self) -> None:
        for worker in list(self._workers):
            self._end(worker)

    def _end(self, worker: WorkerProcess) -> None:
        self._workers.remove(worker)
        self._selector.unregister(worker.inbox.fd)
        worker.kill()


def _cause(code: int | None) -> tuple[str, str]:
    if code is None or code == PIPE_LOST:
        return "PipeClosed", "the worker has lost its pipe: a stage closed files that are not its own"
    if code < 0:
        name = signal_name(-code)
        hint = " (by itself, by hand, or by the kernel when memory ran out)" if name == "SIGKILL" else ""
        return name, f"the worker was ended by {name}{hint}"
    return "Exit", f"the worker left with exit code {code}"


def _not_started(reason: str) -> Outcome:
    return failure("backend-missing", "WorkerStart", reason)


def _age_s(worker: WorkerProcess, job: Job) -> float:
    return max(0.0, job.deadline_s - (worker.deadline_s - time.monotonic()))
