"""The machines that Dask brings: a scheduler that runs already, or a cluster that is started; looked at before work."""

from __future__ import annotations

import contextlib
import logging
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import CancelledError
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from harness.errors import BackendError, HarnessError, IncompleteError
from harness.identity import library_versions, own_versions
from harness.jobs.failures import one_line
from harness.jobs.messages import WorkerSetup
from harness.runner.batch import GPU, ClusterKind, batch_cluster, require_command, require_jobs
from harness.runner.gpus import visible_gpus
from harness.runner.node import Cores, cores_here, look, versions
from harness.runner.stopping import Stop

if TYPE_CHECKING:
    from distributed import Client

LOSSES = 3
"""How often work is given to another machine after one was lost."""
CONNECT_S = 15.0
WAIT_S = 2.0
"""How often the machines are counted, and asked whether the run is to stop."""
START_S = 600.0
"""How long the first machine of a cluster may take to come."""
CONNECTION_LOGS = ("distributed.batched", "distributed.client")
"""Loggers of Dask that print a traceback where a connection is lost, of which a run says itself what it means."""
QUEUE_S = 7 * 86_400.0
"""How long the first job of a batch system may wait in its queue."""


@contextlib.contextmanager
def scheduler_there(advice: str) -> Iterator[None]:
    """Raise `HarnessError` where the scheduler goes away while it is asked for something.

    Of what machines compute nothing may be raised inside: a file that one of them cannot read is another matter.
    """
    try:
        yield
    except (OSError, CancelledError) as error:
        raise HarnessError(f"the scheduler of the cluster is gone; {advice}") from error


@contextlib.contextmanager
def connected(scheduler: str, needs: Sequence[str], files: Sequence[str]) -> Iterator[Client]:
    """Connect to a scheduler whose machines have the versions of this one and see some files.

    Raises what `client_of` and `checked_machines` raise.
    """
    with ExitStack() as stack:
        client = stack.enter_context(client_of(scheduler, stack))
        checked_machines(client, "", versions(tuple({**own_versions(), **library_versions(needs)})), files)
        yield client


def checked_machines(
    client: Client,
    probe: str,
    expected: Mapping[str, str],
    files: Sequence[str],
    *,
    limit_s: float = START_S,
    stop: Stop | None = None,
) -> tuple[int, list[str]]:
    """Wait for a machine, look at every one that is there, and return how many there are and who does not see `probe`.

    Raises `IncompleteError` if none comes before the run is to stop, `HarnessError` if none comes within `limit_s`,
    where the scheduler goes away or the batch system refuses its jobs, and for machines that have other versions or do
    not see all of `files`.
    """
    seen: Mapping[str, Any] = {}
    with scheduler_there("run again: nothing is lost"):
        while not seen:
            wait_for_machine(client, limit_s, stop)
            answers = client.run(look, probe, expected, files, on_error="return")
            # One that is lost while it looks is no machine any more; what comes in its place looks before it computes.
            seen = {worker: answer for worker, answer in answers.items() if not _is_lost(answer)}
    wrong = {worker: found for worker, answer in seen.items() if (found := _found_wrong(answer))}
    if wrong:
        lines = [f"{worker}: {'; '.join(found)}" for worker, found in sorted(wrong.items())]
        raise HarnessError("machines of the cluster differ from the one of this run:\n" + "\n".join(lines))
    return len(seen), sorted(worker for worker, (sees, _) in seen.items() if not sees)


def threads_of_cells(client: Client) -> int:
    """Return how many threads a cell may have on whatever machine of a cluster: the fewest of all that are there.

    A machine gives as many cells at a time as its workers have threads; those share the cores that it may use.

    Raises `HarnessError` where the scheduler goes away.
    """
    with scheduler_there("run again: nothing is lost"):
        cores: Mapping[str, Cores] = client.run(cores_here, on_error="ignore")
        cells = client.nthreads()
    at_once: Counter[tuple[str, tuple[int, ...]]] = Counter()
    for worker, found in cores.items():
        at_once[found.host, found.numbers] += cells.get(worker, 1)
    shares = (found.count // at_once[found.host, found.numbers] for found in cores.values())
    return max(1, min(shares, default=1))  # none is left if all were lost in between


def _is_lost(answer: object) -> bool:
    from distributed.comm.core import CommClosedError

    return isinstance(answer, CommClosedError)


def _found_wrong(answer: tuple[bool, list[str]] | Exception) -> list[str]:
    """Return what differs on a machine by its answer; one without this harness, or with an old one, cannot `look`."""
    if isinstance(answer, Exception):
        return [f"the harness there cannot answer ({type(answer).__name__}: {one_line(str(answer), {})})"]
    return answer[1]


def wait_for_machine(client: Client, limit_s: float, stop: Stop | None = None) -> None:
    """Wait until a cluster has a machine; raises what `checked_machines` raises where none comes."""
    stop, ends_s = stop or Stop(), time.monotonic() + limit_s
    while not stop.is_asked and (left_s := ends_s - time.monotonic()) > 0:
        replace_lost(client)
        with contextlib.suppress(TimeoutError):
            client.wait_for_workers(1, timeout=min(left_s, WAIT_S))
            return
        require_jobs(client)
    if stop.is_asked:
        raise IncompleteError(f"no machine of the cluster came before {stop.reason}; run again: nothing is lost")
    raise HarnessError(f"no machine of the cluster came within {limit_s:g} s")


def client_of(
    scheduler: str,
    stack: ExitStack,
    cluster: ClusterKind = "local",
    workers: int = 1,
    setup: WorkerSetup | None = None,
    memory_bytes: int = 0,
) -> Client:
    """Return a client of a scheduler, or of a cluster that is started and ends with `stack`.

    `memory_bytes` is what a cell may take at most: a batch system is asked for it. Jobs that it ends, by their wall
    time or for somebody else's, are handed in again as long as the cluster is there.

    Raises `BackendError` where Dask is not installed, `HarnessError` for a scheduler that is not there, where workers
    of this machine do not start, where the batch system has no command here, and where its jobs would have less memory
    than a cell may take.
    """
    try:
        import dask
        from distributed import Client
    except ImportError as error:
        raise BackendError(
            "a cluster needs dask.distributed: pip install 'segmentation-harness[distributed]'"
        ) from error
    stack.enter_context(dask.config.set({"distributed.scheduler.allowed-failures": LOSSES}))
    stack.enter_context(_quiet(CONNECTION_LOGS))
    if scheduler:
        try:
            return Client(scheduler, timeout=CONNECT_S)
        except (OSError, ValueError) as error:
            raise HarnessError(f"--scheduler {scheduler}: nobody answers there ({error})") from error
    with _interrupts_later():  # Dask cannot close a cluster whose start is interrupted
        if cluster == "local":
            gpus = () if setup is None or setup.device == "cpu" else visible_gpus()
            made = stack.enter_context(_cluster_here(workers, gpus))
        else:
            assert setup is not None
            require_command(cluster)
            made = stack.enter_context(
                batch_cluster(cluster, setup.threads, memory_bytes, has_gpu=setup.device == "cuda")
            )
            made.adapt(minimum_jobs=workers, maximum_jobs=workers)
    return Client(made)


@contextlib.contextmanager
def _interrupts_later() -> Iterator[None]:
    """Raise `KeyboardInterrupt` at the end for a SIGINT that comes inside; other threads than the main one get none."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    asked: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: asked.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if asked:
        raise KeyboardInterrupt


@contextlib.contextmanager
def _quiet(names: Sequence[str]) -> Iterator[None]:
    """Have loggers print nothing for a while."""
    before = {logger: logger.level for logger in map(logging.getLogger, names)}
    for logger in before:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in before.items():
            logger.setLevel(level)


def _cluster_here(workers: int, gpus: Sequence[str]) -> Any:
    """Start worker processes on this machine, for one cell each; each of the first has a GPU of its own.

    The others declare none: as many cells at a time use a GPU as there are some, and the rest of them waits. All are
    started again where one is lost before it is there. What is lost the run says, and Dask nothing.

    Raises `HarnessError` where they do not start.
    """
    from distributed import Nanny, Scheduler, SpecCluster

    place = {"host": "127.0.0.1", "dashboard": False}
    every = {**place, "nthreads": 1, "memory_limit": 0, "silence_logs": logging.CRITICAL}
    with_gpu = [{"resources": {GPU: 1.0}, "env": {"CUDA_VISIBLE_DEVICES": gpu}} for gpu in gpus[:workers]]
    asked = enumerate([*with_gpu, *({} for _ in range(workers - len(with_gpu)))])
    spec = {number: {"cls": Nanny, "options": {**every, **own}} for number, own in asked}
    scheduler = {"cls": Scheduler, "options": {**place, "port": 0, "dashboard_address": ":0"}}
    losses = 0
    while True:
        try:
            return SpecCluster(workers=dict(spec), scheduler=scheduler, silence_logs=logging.CRITICAL)
        except RuntimeError as error:  # what Dask makes of whatever has kept a worker from starting
            losses += 1
            if losses > LOSSES:
                cause = one_line(str(error.__cause__ or error), {})
                raise HarnessError(f"{workers} workers of Dask do not start on this machine: {cause}") from error


def replace_lost(client: Client) -> None:
    """Start workers of this machine in place of those that Dask waits for no more: one that begins anew has 15 s."""
    from distributed import SpecCluster

    made = client.cluster
    if type(made) is SpecCluster:  # a batch system's is a subclass, which hands in jobs again by itself
        for name, one in list(made.workers.items()):
            if one.status.name in ("closed", "failed"):
                made.workers.pop(name, None)
        if len(made.workers) < len(made.worker_spec):
            made.scale(len(made.worker_spec))
