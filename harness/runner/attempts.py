"""How often a cell is tried: what a machine or a batch system did is not held against a method, and tried again.

Nobody can tell who has sent a signal to a worker. One that a batch system sends, or a person, does not come again and
again at the same cell; a method that ends its own process does so every time. What ends a worker before it was ready
has not met the method.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

from harness.jobs.failures import FILE_SYSTEM
from harness.jobs.messages import Job, Outcome, failure

RETRIES = 2
"""How often a cell is tried again by default."""
FROM_OUTSIDE = frozenset(("SIGTERM", "SIGHUP", "SIGINT", "SIGUSR1", "SIGUSR2", "SIGXCPU"))
"""Signals with which batch systems and people end processes: never a method's failure."""
FROM_ANYONE = frozenset(("SIGKILL",))
"""Sent by a batch system, by the kernel when memory runs out, or by a method: its failure if it comes each time."""
DOUBTFUL = FROM_OUTSIDE | FROM_ANYONE
"""Ends that may be no doing of a method, or of a worker that did not get as far as its first cell."""


class Attempts:
    """The attempts at each job that ended by no doing of its method."""

    def __init__(self, retries: int = RETRIES) -> None:
        self._retries = retries
        self._before: dict[Job, list[str]] = defaultdict(list)

    def is_to_be_tried_again(self, job: Job, outcome: Outcome) -> bool:
        """Note how an attempt has ended, and return whether there is to be another one."""
        error = outcome.error
        if error is None or not _is_doubtful(outcome) or len(self._before[job]) >= self._retries:
            return False
        self._before[job].append(error.message)
        return True

    def last(self, job: Job, outcome: Outcome) -> Outcome:
        """Return what is to be recorded of the last attempt: how often it was tried, and whether the method failed."""
        before, error = self._before.pop(job, []), outcome.error
        count = f", {len(before) + 1} times in a row" if before else ""
        if error is not None and error.type in FROM_OUTSIDE:
            return failure("lost", error.type, f"{error.message}{count}", stage=error.stage, total_s=outcome.total_s)
        if not before:
            return outcome
        if error is not None and _is_doubtful(outcome):
            return replace(outcome, error=replace(error, message=f"{error.message}{count}"))
        return replace(
            outcome, notes=(*outcome.notes, *(f"an attempt before this one was lost: {why}" for why in before))
        )


def _is_doubtful(outcome: Outcome) -> bool:
    """Whether a failure may be none of the method's and may not come again."""
    assert outcome.error is not None
    is_signalled = outcome.status in ("killed", "lost") and outcome.error.type in DOUBTFUL
    return is_signalled or (outcome.status == "lost" and outcome.error.type == FILE_SYSTEM)
