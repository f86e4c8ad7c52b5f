"""When a run ends before its work does: by a signal, at a wall time, at a limit. What is begun may end, for a while.

A batch system ends a job with a signal and, some seconds later, without one; it tells the end of the job beforehand.
Instants are taken on a monotonic clock: the clock of the machine may jump while a run goes on.
"""

from __future__ import annotations

import math
import os
import re
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType

from harness.clock import Clock, spoken
from harness.errors import ConfigError, IncompleteError

GRACE_S = 20.0
"""How long cells that are begun may go on; SLURM waits 30 s between its two signals (KillWait)."""
RESERVE_S = 10.0
"""Seconds before a wall time at which computing ends: tables are still to be written."""
SIGNALS = (signal.SIGTERM, signal.SIGUSR1)
"""What batch systems send: at the end of a job, and beforehand where `sbatch --signal` asks for it."""
JOB_END = "SLURM_JOB_END_TIME"
"""Variable in which SLURM tells a job when it will end, in seconds since 1970."""
_WALL_TIME = re.compile(r"(?:(?P<days>\d+)-)?(?P<parts>\d+(?::\d+){0,2})")


class _SignalledError(BaseException):
    """A signal came before the first cell: no `Exception`, for it is no mistake of what it interrupts."""


class Stop:
    """When no cell is begun any more, when those at work are given up, and why.

    `is_computing` says that a run asks `is_asked` often enough; before that, a signal ends it with `IncompleteError`.
    """

    def __init__(
        self,
        *,
        limit_s: float = math.inf,
        wall_time_s: float = math.inf,
        grace_s: float = GRACE_S,
        clock: Clock = time.monotonic,
    ) -> None:
        """Begin now. At `limit_s` cells are given up at once; before `wall_time_s` they may end within `grace_s`.

        Raises `ConfigError` for a wall time that leaves no time to compute.
        """
        if wall_time_s <= grace_s + RESERVE_S:
            raise ConfigError(
                f"a wall time of {spoken(wall_time_s)} leaves no time for cells: {grace_s:g} s are for cells to end in "
                f"and {RESERVE_S:g} s for tables; accepted: more, or a shorter --grace"
            )
        self.is_computing = False
        self._clock = clock
        self._grace_s = grace_s
        self._asked_by = ""
        now_s = clock()
        self._no_more_at_s = now_s + min(limit_s, wall_time_s - RESERVE_S - grace_s)
        self._ends_at_s = now_s + min(limit_s, wall_time_s - RESERVE_S)
        self._at_end = f"the time given, {spoken(limit_s)}, was over"
        if wall_time_s < limit_s:
            self._at_end = f"the wall time, {spoken(wall_time_s)}, was near"

    def ask(self, who: str) -> None:
        """Begin no cell any more, and give up those at work after the grace; at the second time, give them up now."""
        now_s = self._clock()
        self._no_more_at_s = min(self._no_more_at_s, now_s)
        self._ends_at_s = min(self._ends_at_s, now_s + (0.0 if self._asked_by else self._grace_s))
        self._asked_by = self._asked_by or who

    @property
    def is_asked(self) -> bool:
        """Whether no cell is to be begun any more."""
        return self._clock() >= self._no_more_at_s

    @property
    def is_over(self) -> bool:
        """Whether cells at work are to be given up."""
        return self._clock() >= self._ends_at_s

    @property
    def left_s(self) -> float:
        """Seconds until cells at work are given up."""
        return max(0.0, self._ends_at_s - self._clock())

    @property
    def reason(self) -> str:
        """Why the run has ended or will end, in words."""
        return f"{self._asked_by} came" if self._asked_by else self._at_end


@contextmanager
def heeding_signals(stop: Stop, log: Callable[[str], None]) -> Iterator[None]:
    """Have signals of a batch system ask for the end of a run; only the main thread of a process can.

    Raises `IncompleteError` for one that comes before the first cell.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def asked(number: int, _frame: FrameType | None) -> None:
        name = signal.Signals(number).name
        stop.ask(name)
        if not stop.is_computing:
            raise _SignalledError(f"{name} came before the first cell; run again: nothing is lost")
        log(f"{name} came: no cell is begun any more, those at work have {stop.left_s:.0f} s to end")

    before = {number: signal.signal(number, asked) for number in SIGNALS}
    try:
        yield
    except _SignalledError as signalled:
        raise IncompleteError(str(signalled)) from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def wall_time_s(text: str) -> float:
    """Return the seconds of a wall time as SLURM writes it.

    Accepted: minutes, minutes:seconds, hours:minutes:seconds, days-hours, days-hours:minutes,
    days-hours:minutes:seconds. Raises `ConfigError` for anything else.

    >>> wall_time_s("90"), wall_time_s("1:30:00"), wall_time_s("1-12")
    (5400.0, 5400.0, 129600.0)
    """
    found = _WALL_TIME.fullmatch(text.strip())
    if found is None:
        raise ConfigError(
            f"the wall time '{text}' is none; accepted, as SLURM has it: MINUTES, MM:SS, HH:MM:SS, D-HH, D-HH:MM, "
            "D-HH:MM:SS"
        )
    parts = [int(part) for part in found["parts"].split(":")]
    units = (3600, 60, 1) if found["days"] or len(parts) == 3 else (60, 1)
    seconds = sum(part * unit for part, unit in zip(parts, units, strict=False))
    return float(int(found["days"] or 0) * 86400 + seconds)


def stated_wall_time_s(
    log: Callable[[str], None], variables: Mapping[str, str] = os.environ, clock: Clock = time.time
) -> float:
    """Return the seconds until the batch system ends this job, infinity where nobody tells.

    An end that has passed already is no reason not to compute: the clocks of two machines differ. It is said.
    """
    told = variables.get(JOB_END, "")
    if not told.isdecimal():
        return math.inf
    left_s = int(told) - clock()
    if left_s > 0:
        return left_s
    log(f"{JOB_END} says that this job ended {spoken(-left_s)} ago: it is not heeded; --wall-time states another time")
    return math.inf
