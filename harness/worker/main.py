"""The worker process: `python -m harness.worker.main IN OUT LIFELINE`, numbers of three inherited pipes.

IN carries the set-up and then one job a line, OUT the events of the jobs, LIFELINE nothing: its end means that the
parent is gone. Standard output and error go to the worker's log, whatever libraries print there.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from harness import registry
from harness.datasets import load_catalogue
from harness.jobs.channel import messages, send
from harness.jobs.messages import job_from_json, setup_from_json
from harness.provenance import environment
from harness.worker.bench import Workbench
from harness.worker.cell import execute, warm_up
from harness.worker.sources import SampleSlots

_PR_SET_PDEATHSIG = 1
_KILL_GROUP_AT_END = ("/bin/sh", "-c", "read line; kill -KILL 0")
_OOM_SCORE = "900"


def main(arguments: list[str]) -> None:
    """Serve jobs until the parent closes the pipe."""
    inbox, outbox, lifeline = (int(number) for number in arguments)
    for pipe in (inbox, outbox, lifeline):
        os.set_inheritable(pipe, False)  # a child process that a stage leaves behind must not hold them open
    _die_first_when_memory_is_short()
    guard = _die_with_parent(lifeline)
    received = messages(inbox)
    bench, greeting = _bench(next(received), outbox)
    bench.ignored_processes = frozenset([guard])
    warm_up()
    send(outbox, {"event": "ready", **greeting})
    for message in received:
        outcome = execute(bench, job_from_json(message))
        send(outbox, {"event": "done", **outcome.to_json()})


def _bench(message: dict[str, Any], outbox: int) -> tuple[Workbench, dict[str, Any]]:
    setup = setup_from_json(message)
    for plugin in setup.plugins:
        registry.add_file(registry.stages(), Path(plugin))
    found = environment(setup.threads)
    catalogue = load_catalogue(Path(setup.catalogue) if setup.catalogue else None)
    machine = found.hardware.machine
    bench = Workbench(
        setup,
        SampleSlots(catalogue),
        registry.stages(),
        machine=machine,
        environment=found.fingerprint,
        notify=lambda event: send(outbox, event),
        has_gpu=bool(found.hardware.gpus),
    )
    return bench, {"environment": found.to_json(), "fingerprint": found.fingerprint, "machine": machine}


def _die_first_when_memory_is_short() -> None:
    """Ask the kernel to end this process rather than the parent, which holds the results."""
    with contextlib.suppress(OSError):  # not Linux, or forbidden in this container
        Path("/proc/self/oom_score_adj").write_text(_OOM_SCORE, encoding="ascii")


def _die_with_parent(lifeline: int) -> int:
    """End this process and its whole group when the parent ends in whatever way; return the guard's process id.

    The guard is a shell that waits for the end of the lifeline and works even while this process is inside a library;
    the kernel's own signal reaches this process should the guard be gone.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    guard = subprocess.Popen(_KILL_GROUP_AT_END, stdin=lifeline)
    os.close(lifeline)
    return guard.pid


if __name__ == "__main__":
    main(sys.argv[1:])
