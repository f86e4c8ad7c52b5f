"""The executor of this machine: it keeps worker processes, gives them jobs, and watches them."""

from __future__ import annotations

import selectors
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Any

from harness.errors import BackendError
from harness.jobs.failures import machine_places, one_line
from harness.jobs.messages import Backend, Job, Outcome, WorkerSetup, failure, outcome_from_json
from harness.runner.executor import Finished
from harness.runner.process import WorkerProcess
from harness.runner.queue import Queue

POLL_S = 0.05
"""How often memory and deadlines are looked at."""

START_S = 300.0
"""How long a worker may take to start: importing from a cold network disk is slow."""


class LocalExecutor:
    """Up to `workers` worker processes at a time, each kept for the cells of one backend."""

    def __init__(self, setup: WorkerSetup, *, workers: int, log: Callable[[str], None]) -> None:
        self._setup = setup
        self._size = workers
        self._log = log
        self._workers: list[WorkerProcess] = []
        self._queue = Queue(())
        self._selector = selectors.DefaultSelector()
        self._next_look_s = 0.0
        self._unusable: dict[Backend, str] = {}
        self._places = machine_places(setup.cache, setup.scratch)

    def run(self, jobs: Sequence[Job]) -> Iterator[Finished]:
        """Yield every job once, as they end; a worker has its next job before the last one is handed over."""
        self._queue = Queue(jobs)
        while self._queue.is_pending or any(worker.job for worker in self._workers):
            finished = self._assign()
            if not finished:
                for key, _ in self._selector.select(POLL_S):
                    finished += self._listen(key.data)
                finished += self._look_after()
                finished += self._assign()
            yield from finished

    def close(self) -> None:
        """Kill every worker."""
        for worker in list(self._workers):
            self._end(worker)
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
        for worker in [worker for worker in self._workers if worker.job is None]:
            job = self._queue.take(worker.backend)
            if job is not None:
                self._give(worker, job)
        while self._queue.is_pending:
            idle = [worker for worker in self._workers if worker.job is None]
            if len(self._workers) - len(idle) >= self._size:
                break
            job = self._queue.take(None)
            if job is None:
                break
            if job.backend in self._unusable:
                self._queue.done(job, is_ok=False)
                finished.append(Finished(job, _not_started(self._unusable[job.backend]), {}))
                continue
            if len(self._workers) >= self._size:
                self._end(idle[0])
            finished += self._start(job)
        return finished

    def _start(self, job: Job) -> list[Finished]:
        try:
            worker = WorkerProcess(job.backend, self._setup)
        except BackendError as error:
            self._unusable[job.backend] = one_line(str(error), self._places)
            self._queue.done(job, is_ok=False)
            return [Finished(job, _not_started(self._unusable[job.backend]), {})]
        self._workers.append(worker)
        self._selector.register(worker.inbox.fd, selectors.EVENT_READ, worker)
        worker.deadline_s = time.monotonic() + START_S
        self._give(worker, job)
        return []

    def _give(self, worker: WorkerProcess, job: Job) -> None:
        worker.job = job
        if worker.is_ready:
            worker.send_job()

    def _listen(self, worker: WorkerProcess) -> list[Finished]:
        finished: list[Finished] = []
        for message in worker.inbox.read():
            finished += self._take_in(worker, message)
        if worker.inbox.is_closed:
            finished += self._bury(worker)
        return finished

    def _take_in(self, worker: WorkerProcess, message: dict[str, Any]) -> list[Finished]:
        event = message.pop("event")
        if event == "log":
            self._log(message["line"])
        elif event == "stage":
            worker.stage = message["stage"]
        elif event == "waiting":
            worker.stage = message["stage"]
            worker.pause()
        elif event == "resumed":
            worker.resume()
        elif event == "ready":
            worker.is_ready, worker.greeting = True, message
            worker.send_job()
        elif event == "done":
            finished = self._finish(worker, outcome_from_json(message))
            if finished.outcome.status == "out-of-memory":
                self._end(worker)  # what it still holds is unknown
            return [finished]
        return []

    def _finish(self, worker: WorkerProcess, outcome: Outcome) -> Finished:
        job = worker.job
        assert job is not None
        worker.job, worker.deadline_s = None, float("inf")
        self._queue.done(job, is_ok=outcome.status == "ok")
        if outcome.status not in ("ok", "not-applicable", "backend-missing"):
            self._keep_log(worker)
        return Finished(job, outcome, worker.greeting)

    def _look_after(self) -> list[Finished]:
        """Kill workers that are late, use too much memory, or have died without closing their pipe."""
        if time.monotonic() < self._next_look_s:
            return []
        self._next_look_s = time.monotonic() + POLL_S
        finished: list[Finished] = []
        for worker in list(self._workers):
            if worker.exit_code() is not None and not self._has_news(worker):
                finished += self._bury(worker)
            elif worker.job is not None:
                finished += self._check(worker, worker.job)
        return finished

    def _has_news(self, worker: WorkerProcess) -> bool:
        return any(key.data is worker for key, _ in self._selector.select(0))

    def _check(self, worker: WorkerProcess, job: Job) -> list[Finished]:
        resident = worker.memory.read_bytes()
        if worker.is_ready and resident > job.memory_bytes:
            message = f"used {resident / 1e9:.2f} GB; the limit is {job.memory_bytes / 1e9:.2f} GB"
            outcome = failure("out-of-memory", "MemoryLimit", message, stage=worker.stage, total_s=_age_s(worker, job))
        elif worker.is_late() and worker.is_ready:
            message = f"still running after {job.deadline_s:g} s"
            outcome = failure("timeout", "Deadline", message, stage=worker.stage, total_s=job.deadline_s)
        elif worker.is_late():
            self._unusable[job.backend] = f"the worker did not start within {START_S:g} s"
            outcome = _not_started(self._unusable[job.backend])
        else:
            return []
        finished = self._finish(worker, outcome)
        self._end(worker)
        return [finished]

    def _bury(self, worker: WorkerProcess) -> list[Finished]:
        """Handle the end of a worker that nobody asked to end."""
        if worker not in self._workers:
            return []
        job, greeting, stage = worker.job, worker.greeting, worker.stage
        worker.job = None
        last_lines = one_line(worker.last_log_lines(), self._places)
        if job is not None:
            self._keep_log(worker)
        code = self._end(worker)
        if job is None:
            return []
        self._queue.done(job, is_ok=False)
        if worker.is_ready:
            outcome = failure("killed", *_cause(code), stage=stage, total_s=_age_s(worker, job))
        else:
            self._unusable[job.backend] = f"the worker did not start: {last_lines}"
            outcome = _not_started(self._unusable[job.backend])
        return [Finished(job, outcome, greeting)]

    def _keep_log(self, worker: WorkerProcess) -> None:
        if worker.keep_log():
            self._log(f"what the worker printed is kept in {worker.log_path}")

    def _end(self, worker: WorkerProcess) -> int:
        self._workers.remove(worker)
        self._selector.unregister(worker.inbox.fd)
        return worker.kill()


def _cause(code: int) -> tuple[str, str]:
    if code < 0:
        name = signal.Signals(-code).name
        hint = " (by itself, by hand, or by the kernel when memory ran out)" if name == "SIGKILL" else ""
        return name, f"the worker was ended by {name}{hint}"
    return "Exit", f"the worker left with exit code {code}"


def _not_started(reason: str) -> Outcome:
    return failure("backend-missing", "WorkerStart", reason)


def _age_s(worker: WorkerProcess, job: Job) -> float:
    return max(0.0, job.deadline_s - (worker.deadline_s - time.monotonic()))
