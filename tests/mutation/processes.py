"""Processes that are forked: what one of them does to itself leaves the others as they were."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Never

SURVIVED, KILLED = 0, 1
"""What a child says of a change: every test passed, or one did not."""
PATIENCE = 5
"""Times what a test takes unchanged until it is taken for one that never ends, in seconds of the processor: what else
runs on the machine does not count."""
LEAST_S = 4.0
"""What any test may take: what libraries do once, at their first call, is done by another test then."""
WALL = 10
"""Times the limit of the processor's seconds until a process is ended that waits and uses none."""


def ended(work: Callable[[], int]) -> int:
    """Return what work returns in a child, or minus the signal that ended it; the child is through with it then.

    Whatever the work raises is printed, and is 1.
    """
    sys.stdout.flush()
    child = os.fork()
    if not child:
        _leave_with(work)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _leave_with(work: Callable[[], int]) -> Never:
    code = KILLED
    try:
        code = work()
    finally:
        if sys.exc_info()[0] is not None:
            traceback.print_exc()
        sys.stdout.flush()
        os._exit(code)


def fate(code: int) -> str:
    """Return what became of a change that was tried in a child, from what `ended` says of it."""
    if code < 0:
        return "timeout" if -code in (signal.SIGPROF, signal.SIGALRM) else "died"
    return "killed" if code else "survived"


def limit(seconds: float) -> None:
    """End this process, by a signal that nothing catches, some time after what is done next should have ended.

    `seconds` of the processor are what it takes unchanged.
    """
    most = LEAST_S + PATIENCE * seconds
    for number, timer, until in (
        (signal.SIGPROF, signal.ITIMER_PROF, most),
        (signal.SIGALRM, signal.ITIMER_REAL, WALL * most),
    ):
        signal.signal(number, signal.SIG_DFL)
        signal.setitimer(timer, until)


def write_to(path: Path | str) -> None:
    """Send what this process prints to a file."""
    sys.stdout.flush()
    target = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    for stream in (1, 2):
        os.dup2(target, stream)
    os.close(target)
