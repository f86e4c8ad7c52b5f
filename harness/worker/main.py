"""The worker process: `python -m harness.worker.main IN OUT LIFELINE`, numbers of three inherited pipes.

IN carries the set-up and then one job a line, OUT the events of the jobs, LIFELINE nothing: its end means that the
parent is gone. Standard output and error go to the worker's log, whatever libraries print there.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import signal
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path

from harness import registry
from harness.datasets import load_catalogue
from harness.jobs.channel import PIPE_LOST, lines, send
from harness.jobs.messages import Event, Job, Message, Ready, WorkerSetup, decode, encode
from harness.provenance import environment
from harness.worker.bench import Workbench
from harness.worker.cell import execute, warm_up
from harness.worker.sources import SampleSlots

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_KILL_GROUP_AT_END = ("/bin/sh", "-c", "read line; kill -KILL 0")
_OOM_SCORE = "900"


class Outbox:
    """The pipe to the run. What is said names this process and the cell at work; a forked process says nothing.

    A worker whose pipe a stage has closed is of no use, and ends.
    """

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._process = os.getpid()
        self._lock = threading.Lock()
        self.cell = ""

    def report(self, event: Event) -> None:
        """Send an event, from whatever thread."""
        if os.getpid() != self._process:
            return
        with self._lock:
            try:
                send(self._fd, encode(Message(self._process, self.cell, event)))
            except OSError as error:
                if error.errno == errno.EBADF:
                    os._exit(PIPE_LOST)
                raise


def main(arguments: list[str]) -> None:
    """Serve jobs until the parent closes the pipe."""
    inbox, outbox, lifeline = (int(number) for number in arguments)
    for pipe in (inbox, outbox, lifeline):
        os.set_inheritable(pipe, False)  # a child process that a stage leaves behind must not hold them open
    _die_first_when_memory_is_short()
    guard = _die_with_parent(lifeline)
    os.register_at_fork(after_in_child=partial(_close, inbox, outbox))
    received = lines(inbox)
    pipe_to_run = Outbox(outbox)
    warm_up()
    bench, ready = _bench(decode(WorkerSetup, next(received)), pipe_to_run, guard)
    pipe_to_run.report(ready)
    for line in received:
        job = decode(Job, line)
        pipe_to_run.cell = job.cell.key
        pipe_to_run.report(execute(bench, job))
        pipe_to_run.cell = ""


def _bench(setup: WorkerSetup, outbox: Outbox, guard: int) -> tuple[Workbench, Ready]:
    stages, metrics = registry.stages(), registry.metrics()
    for plugin in setup.plugins:
        registry.add_file(Path(plugin), stages, metrics)
    found = environment(setup.threads)
    catalogue = load_catalogue([Path(path) for path in setup.catalogues])
    machine = found.hardware.machine
    bench = Workbench(
        setup,
        SampleSlots(catalogue),
        stages,
        metrics,
        machine=machine,
        environment=found.fingerprint,
        report=outbox.report,
        has_gpu=bool(found.hardware.gpus),
        spared=frozenset([guard]),
    )
    return bench, Ready(found.to_json(), found.fingerprint, machine)


def _close(*pipes: int) -> None:
    """Leave a forked process without the pipes of the worker, which it could read and write."""
    for pipe in pipes:
        with contextlib.suppress(OSError):  # a stage has closed it
            os.close(pipe)


def _die_first_when_memory_is_short() -> None:
    """Ask the kernel to end this process rather than the parent, which holds the results."""
    with contextlib.suppress(OSError):  # not Linux, or forbidden in this container
        Path("/proc/self/oom_score_adj").write_text(_OOM_SCORE, encoding="ascii")


def _die_with_parent(lifeline: int) -> int:
    """End this process and its whole group when the parent ends in whatever way; return the guard's process id.

    The guard is a shell that waits for the end of the lifeline and works even while this process is inside a library;
    the kernel's own signal reaches this process should the guard be gone. Processes whose parent ends become children
    of this one, so that it finds what a cell leaves behind.
    """
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        libc.prctl(_PR_SET_CHILD_SUBREAPER, 1)
    guard = subprocess.Popen(_KILL_GROUP_AT_END, stdin=lifeline)
    os.close(lifeline)
    return guard.pid


if __name__ == "__main__":
    main(sys.argv[1:])
