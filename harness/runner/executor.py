"""What a run asks of whatever computes its jobs: every job once, as they end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from harness.jobs.messages import Job, Outcome, Ready


@dataclass(frozen=True, slots=True, eq=False)
class Finished:
    """A job that has ended: its outcome, and what the worker said of itself (None if it never started)."""

    job: Job
    outcome: Outcome
    worker: Ready | None = None


class Executor(Protocol):
    """Computes jobs wherever it likes. Records are written by the caller, as the only writer."""

    def run(self, jobs: Sequence[Job]) -> Iterator[Finished]:
        """Yield every job once, as they end; those that did not end in the time given are left out."""

    def close(self) -> None:
        """End everything at once."""
