"""What a run was asked for, and what the work of one of its suites is, whatever the kind of the suite."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from harness.jobs.messages import Job
from harness.project import Project
from harness.runner.backends import BackendChooser
from harness.runner.executor import Finished
from harness.runner.preparing import Preparation
from harness.runner.summary import SuiteSummary
from harness.store import Code, Timing
from harness.suite import Selection


@dataclass(frozen=True, slots=True, eq=False)
class Order:
    """What a run was asked for, and what its suites share: what was found out about data, weights and backends.

    results  the folder that records go to
    only     which cells are wanted
    code     the commit that records name
    again    cells with scores are computed too
    failed   only cells that a method failed in are computed
    """

    project: Project
    results: Path
    only: Selection
    preparation: Preparation
    chooser: BackendChooser
    log: Callable[[str], None]
    code: Code
    again: bool = False
    failed: bool = False
    dry_run: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """A job, and what is done with what came of it.

    `keep` returns a line that says how the job ended; `give_up` is told why it did not.
    """

    job: Job
    keep: Callable[[Finished], str]
    give_up: Callable[[str], None]


class Work(Protocol):
    """One suite of a run."""

    @property
    def tasks(self) -> Sequence[Task]:
        """What workers are to do; known after `begin`."""

    def known_timings(self) -> Sequence[Timing]:
        """Return what is known of the durations of the tasks, from earlier runs."""

    def begin(self, stack: ExitStack) -> None:
        """Do what needs no worker: open the store, fetch data and weights, compute statements about data.

        The store is closed with `stack`. A dry run opens and fetches nothing.
        """

    def summary(self) -> SuiteSummary:
        """Return what was done so far."""
