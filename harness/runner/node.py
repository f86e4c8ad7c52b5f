"""What runs on a machine of a cluster: one cell at a time, in worker processes of this harness, under its limits."""

from __future__ import annotations

import contextlib
import os
import platform
import sys
import threading
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from harness import registry
from harness.datasets import load_catalogue
from harness.datasets.fetching.places import cache_folder
from harness.errors import HarnessError
from harness.hashing import hash_value
from harness.identity import installed_version, module_code
from harness.jobs.failures import loss_of, machine_places
from harness.jobs.messages import Job, Outcome, Ready, WorkerSetup, decode, encode, failure
from harness.model import DISTRIBUTION
from harness.runner.local import LocalExecutor
from harness.runner.preparing import Preparation
from harness.runner.stopping import Stop
from harness.threads import usable_cores

CODE = f"code of {DISTRIBUTION}"
"""Stands among versions for the digest of what a worker runs of this package."""
IDLE_S = 30.0
"""How long a worker process waits for its next cell: a run that was killed cannot say that it is over."""
_DROPPED = frozenset(("cancelled", "released", "forgotten"))
"""States of a task of Dask that nobody waits for any more."""
_ENDING = frozenset(("closing", "closed", "failed"))
"""States of a worker of Dask in which it hands over nothing any more."""


class NodeMismatchError(HarnessError):
    """A machine of a cluster that has other versions than the run, or does not see a file of it."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for every cell of a run.

    setup     a `WorkerSetup` as one line
    python    the interpreter of the run: where a job names it, that of this machine is meant
    expected  versions of distributions and of the code of a worker
    probe     a file in the cache of the run, there as long as the run is
    retries   how often a cell is tried again that ended by no doing of its method
    files     those without which nothing can be computed: catalogues, plug-ins
    """

    setup: bytes
    python: str
    expected: Mapping[str, str]
    probe: str
    retries: int
    files: Sequence[str] = ()

    @property
    def key(self) -> str:
        """What tells runs apart."""
        return hash_value([self.setup.decode(), self.probe])


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a cell: lines that `decode` reads (`ready` empty where no worker started), and what it logged.

    `machine` is the address by which Dask knows where that was.
    """

    outcome: bytes
    ready: bytes
    log: tuple[str, ...]
    machine: str = ""


@dataclass(frozen=True, slots=True)
class Cores:
    """The cores that a worker of Dask may use: the host they are of, their numbers there, and how many may be busy.

    Workers of one host with the same numbers share them. The numbers are empty on a system that does not tell them.
    """

    host: str
    numbers: tuple[int, ...]
    count: int


def cores_here() -> Cores:
    """Return the cores that this process may use."""
    numbers = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else ()
    return Cores(platform.node(), tuple(numbers), usable_cores())


def versions(names: tuple[str, ...]) -> dict[str, str]:
    """Return the versions of distributions on this machine ("" for what is not there), and the code of the worker."""
    found = {name: installed_version(name) for name in names}
    return {**found, CODE: module_code("harness.worker.main")[:12]}


def differences(expected: Mapping[str, str]) -> list[str]:
    """Return what this machine has otherwise, each with both versions."""
    found = versions(tuple(name for name in expected if name != CODE))
    return [
        f"{name} {found[name] or 'absent'} in place of {version or 'none'}"
        for name, version in expected.items()
        if found[name] != version
    ]


def look(probe: str, expected: Mapping[str, str], files: Sequence[str] = ()) -> tuple[bool, list[str]]:
    """Return whether a file that the run has written is seen here, and what of this machine differs.

    `files` are those without which nothing can be computed: catalogues, plug-ins, images to compare.
    """
    return Path(probe).is_file(), [*differences(expected), *_unseen(files)]


def _unseen(files: Sequence[str]) -> list[str]:
    return [f"{file} is not seen" for file in files if not Path(file).exists()]


def compute(terms: Terms, job: bytes) -> Answer:
    """Compute one cell and return what came of it; the cell's deadline and memory limit hold for its process group.

    A machine that does not see the cache of the run fetches data and weights into its own. On one that cannot compute,
    for its disk is full or not served, the cell is "lost".

    Raises `NodeMismatchError` on a machine that joined late with other versions, or does not see a file of the run.
    """
    wrong = [*differences(terms.expected), *_unseen(terms.files)]
    if wrong:
        raise NodeMismatchError("; ".join(wrong))
    asked = decode(Job, job)
    if asked.backend.python == terms.python:
        asked = replace(asked, backend=replace(asked.backend, python=sys.executable))
    try:
        answer = None
        while answer is None:
            answer = Seat.of(terms).compute(asked)
    except (OSError, HarnessError) as error:
        Seat.give_up()
        places = machine_places(decode(WorkerSetup, terms.setup).cache, "")
        answer = Answer(encode(loss_of(error, places=places)), b"", ())
    return replace(answer, machine=_address())


def _address() -> str:
    """Return the address of the worker of Dask whose task this thread computes, "" if it is none."""
    try:
        from distributed import get_worker

        return str(get_worker().address)
    except (ImportError, ValueError):
        return ""


def read(answer: Answer) -> tuple[Outcome, Ready | None]:
    """Return the outcome of an answer, and what its worker said of itself."""
    return decode(Outcome, answer.outcome), decode(Ready, answer.ready) if answer.ready else None


def probe_name() -> str:
    """Return a name for a file that nobody else writes."""
    return f".probe-{uuid.uuid4().hex}"


def leave(key: str) -> None:
    """End the idle worker processes of a run that is over; those that still compute end by themselves."""
    for thread, seat in list(Seat.every.items()):
        if seat.key == key and seat.close_if_idle():
            del Seat.every[thread]


class Dropped(Stop):
    """Ends a cell that nobody waits for any more: its run has ended, or has given it up."""

    @property
    def is_over(self) -> bool:
        """Whether Dask has dropped the task of this thread, or its worker ends."""
        try:
            from distributed import get_worker

            worker = get_worker()
        except (ImportError, ValueError):  # no task of Dask
            return False
        if worker.status.name in _ENDING:  # it is told or has lost the scheduler; what it computes nobody will hear of
            return True
        state = worker.state.tasks.get(worker.get_current_task())
        return state is None or state.state in _DROPPED


class Seat:
    """A thread of a node: it keeps a worker process from one cell of a run to the next."""

    every: dict[int, Seat] = {}  # noqa: RUF012 - the seats of this process, by thread

    def __init__(self, terms: Terms) -> None:
        self.key = terms.key
        self._busy = threading.Lock()
        self._is_closed = False
        self._idle = self._idle_timer()
        self._log: list[str] = []
        self._sees_cache = Path(terms.probe).is_file()
        self._setup = decode(WorkerSetup, terms.setup)
        if not self._sees_cache:
            own = str(cache_folder().resolve())
            self._log.append(
                f"{platform.node()} does not see the cache {self._setup.cache}: it fetches data and trains models into "
                f"its own, {own}, and predictions stay there"
            )
            self._setup = replace(self._setup, cache=own)
        self._executor = LocalExecutor(
            self._setup, workers=1, log=lambda line: self._log.append(line), stop=Dropped(), retries=terms.retries
        )

    @classmethod
    def of(cls, terms: Terms) -> Seat:
        """Return the seat of this thread for a run; what it kept of another run ends."""
        thread = threading.get_ident()
        seat = cls.every.get(thread)
        if seat is None or seat._is_closed or seat.key != terms.key:
            if seat is not None:
                seat.close_if_idle()
            seat = cls.every[thread] = cls(terms)
        return seat

    @classmethod
    def give_up(cls) -> None:
        """End the seat of this thread, whose last cell ended halfway: its worker may still be at it."""
        seat = cls.every.pop(threading.get_ident(), None)
        if seat is not None:
            with contextlib.suppress(OSError):
                seat.close_if_idle()

    def compute(self, job: Job) -> Answer | None:
        """Compute a cell in this thread; None where the seat was closed the moment before, and another one is to."""
        with self._busy:
            if self._is_closed:
                return None
            self._idle.cancel()
            try:
                return self._computed(job)
            finally:
                self._idle = self._idle_timer()
                with contextlib.suppress(RuntimeError):  # no thread can be had, or Python is ending: the answer counts
                    self._idle.start()

    def close_if_idle(self) -> bool:
        """End the worker process unless it computes, and return whether it was idle."""
        is_idle = self._busy.acquire(blocking=False)
        if is_idle:
            try:
                self._idle.cancel()
                if not self._is_closed:
                    self._is_closed = True
                    self._executor.close()
            finally:
                self._busy.release()
        return is_idle

    def _idle_timer(self) -> threading.Timer:
        timer = threading.Timer(IDLE_S, self.close_if_idle)
        timer.daemon = True
        return timer

    def _computed(self, job: Job) -> Answer:
        problem = ""
        if not self._sees_cache:
            job, problem = self._fetched(job)
        if problem:
            return self._answer(failure("lost", "NotFetched", problem), None)
        for finished in list(self._executor.run([job])):
            return self._answer(finished.outcome, finished.worker)
        return self._answer(failure("lost", "Dropped", "nobody waits for this cell any more"), None)

    def _answer(self, outcome: Outcome, ready: Ready | None) -> Answer:
        log = tuple(self._log)
        self._log.clear()
        return Answer(encode(outcome), b"" if ready is None else encode(ready), log)

    def _fetched(self, job: Job) -> tuple[Job, str]:
        """Fetch what a cell needs, and return the job with the places of its weights here; or why that cannot be."""
        problem = self._preparation.missing_data(job.cell, fetch=True)
        weights = {} if problem else self._preparation.weights(job.cell)
        if problem or isinstance(weights, str):
            return job, problem or str(weights)
        return replace(job, weights=weights), ""

    @cached_property
    def _preparation(self) -> Preparation:
        stages, metrics = registry.stages().copy(), registry.metrics().copy()
        for plugin in self._setup.plugins:
            registry.add_file(Path(plugin), stages, metrics)
        return Preparation(load_catalogue([Path(path) for path in self._setup.catalogues]), stages)
