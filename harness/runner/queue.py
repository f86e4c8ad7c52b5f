"""The jobs of a run that wait, in the order in which workers should take them."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from typing import Any

from harness.jobs.messages import Backend, Job


class Queue:
    """Jobs by backend, in order; those that share unfinished work with a running job wait for it."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        self._jobs: OrderedDict[Backend, deque[Job]] = OrderedDict()
        for job in jobs:
            self._jobs.setdefault(job.backend, deque()).append(job)
        self._running: dict[tuple[Any, ...], int] = {}
        self._made: set[tuple[Any, ...]] = set()

    @property
    def is_pending(self) -> bool:
        """Whether jobs are left."""
        return any(self._jobs.values())

    def take(self, backend: Backend | None, may: Callable[[Job], bool] = lambda job: True) -> Job | None:
        """Return the next job of a backend, or of the one with the most jobs; None if none can, or `may`, run now."""
        groups = [backend] if backend else sorted(self._jobs, key=lambda key: -len(self._jobs[key]))
        for group in groups:
            jobs = self._jobs.get(group, deque())
            for number, job in enumerate(jobs):
                if may(job) and not any(part in self._running for part in job.shared - self._made):
                    del jobs[number]
                    self._count(job, 1)
                    return job
        return None

    def holds(self, which: Callable[[Job], bool]) -> bool:
        """Return whether a job is left of which something holds."""
        return any(which(job) for jobs in self._jobs.values() for job in jobs)

    def done(self, job: Job, *, is_ok: bool) -> None:
        """Note that a job has ended, and that what it shares exists now if it went well."""
        self._count(job, -1)
        if is_ok:
            self._made |= job.shared

    def again(self, job: Job) -> None:
        """Put a job back that was taken and has not ended; it is the first to be taken of its backend."""
        self._count(job, -1)
        self._jobs[job.backend].appendleft(job)

    def _count(self, job: Job, change: int) -> None:
        for part in job.shared:
            self._running[part] = self._running.get(part, 0) + change
            if not self._running[part]:
                del self._running[part]
