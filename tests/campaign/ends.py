"""How runs, their workers and machines of a cluster are ended, and what of them an end is meant for."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import time
from collections.abc import Callable, Collection, Sequence
from random import Random

import psutil

ENDS = ("group", "parent", "term", "term-all", "int", "wall-time", "twice")
"""How runs are ended: all at once or the run alone by SIGKILL, what batch systems and people send, two signals."""
WORKER_ENDS = ("worker", "worker-term")
"""How a worker is ended, of a run that then goes on."""
DASK_ENDS = ("dask-worker", "cell", "both", "again")
"""The same of a run with Dask: what computes on a machine, the group of the process in which a cell is, both, or what
computes and then what replaces it."""
MARKS = {
    **dict.fromkeys((*WORKER_ENDS, "cell"), "harness.worker.main"),
    **dict.fromkeys(("dask-worker", "both", "again"), "spawn_main"),
    **dict.fromkeys(("nanny", "machine"), "distributed.cli.dask_worker"),
}
"""What the command says of a process that is ended."""
WHOLE = ("cell", "both", "machine")
"""Ends of a process and of all below it."""
AGAIN_WITHIN_S = 3.0
"""How long after what replaces an ended one is there it is ended too, at the latest."""


def wait_for(is_there: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    """Wait for something that a process does before it ends."""
    while not is_there():
        assert process.poll() is None, f"a process left with {process.returncode} before it did what it is there for"
        time.sleep(0.02)


def end(process: subprocess.Popen[bytes], way: str, random: Random) -> None:
    """End a run, or a part of it, if it is still there."""
    with contextlib.suppress(psutil.Error):
        parent = psutil.Process(process.pid)
        every = parent.children(recursive=True)
        if way == "group":
            signalled([parent, *every], signal.SIGKILL)
        elif way == "parent":
            signalled([parent], signal.SIGKILL)
        elif way in (*WORKER_ENDS, *DASK_ENDS):
            ended = random.choice(_awaited(parent, way))
            signalled(ended, signal.SIGTERM if way.endswith("term") else signal.SIGKILL)
            if way == "again":
                known = {one[0] for one in parts_of(every, way)} | {ended[0]}
                following = _awaited(parent, way, known)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(random.uniform(0.0, AGAIN_WITHIN_S))
                signalled(random.choice(following), signal.SIGKILL)
        elif way == "term":
            signalled([parent], signal.SIGTERM)
        elif way == "term-all":
            signalled([parent, *every], signal.SIGTERM)
        elif way == "int":
            signalled([parent], signal.SIGINT)
        elif way == "twice":
            signalled([parent], signal.SIGTERM)
            signalled([parent], random.choice((signal.SIGTERM, signal.SIGINT, signal.SIGKILL)))


def _awaited(parent: psutil.Process, way: str, known: Collection[psutil.Process] = ()) -> list[list[psutil.Process]]:
    """Return the parts of a run, none of `known`, as soon as there is one; `psutil.NoSuchProcess` once it has ended."""
    while True:
        if parent.status() == psutil.STATUS_ZOMBIE:
            raise psutil.NoSuchProcess(parent.pid)
        if found := [one for one in parts_of(parent.children(recursive=True), way) if one[0] not in known]:
            return found
        time.sleep(0.01)


def parts_of(every: Sequence[psutil.Process], way: str) -> list[list[psutil.Process]]:
    """Return those parts of runs or machines among processes one of which is to be ended."""
    heads = [one for one in every if any(MARKS[way] in part for part in _command(one))]
    return [[one, *(_below(one) if way in WHOLE else ())] for one in heads]


def _command(process: psutil.Process) -> list[str]:
    with contextlib.suppress(psutil.Error):  # it has ended
        return process.cmdline()
    return []


def _below(process: psutil.Process) -> list[psutil.Process]:
    with contextlib.suppress(psutil.Error):
        return process.children(recursive=True)
    return []


def signalled(processes: list[psutil.Process], number: signal.Signals) -> None:
    """Send a signal to those of some processes that are there."""
    for one in processes:
        with contextlib.suppress(psutil.Error):
            one.send_signal(number)
