"""A scheduler of Dask and its machines, parts of which end while a run uses them, or whose run ends: both go on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import psutil

from harness.runner.node import IDLE_S
from tests.campaign.ends import end, parts_of, signalled, wait_for
from tests.campaign.kills import (
    AGAIN_S,
    AT_WORK_S,
    DASK_ROWS,
    DONE,
    EARLY,
    GONE_S,
    REFUSED,
    WORKERS,
    check_complete,
    check_gone,
    checked,
    is_expected,
    made,
    reference,
    said,
    started,
    told,
)
from tests.runner.project import Project

PARTS = ("nanny", "dask-worker", "cell", "machine")
"""What of a machine is ended: its nanny, what computes for it, the group of a cell's process, or all of these."""
RUN_ENDS = ("parent", "term", "int", "twice")
START_S = 6.0
"""Early mishaps come within so many seconds of the start of a run."""
UNUSED = "300s"
"""How long a cluster is there without work where the campaign itself is ended."""


@dataclass
class Cluster:
    """A scheduler, and machines of one thread each, with a nanny; their own cache is not that of a run."""

    folder: Path
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def address(self) -> str:
        """Where the scheduler is reached."""
        return str(json.loads(self._file.read_text())["address"])

    @property
    def _file(self) -> Path:
        return self.folder / "scheduler.json"

    @property
    def scheduler(self) -> subprocess.Popen[bytes]:
        """The process of the scheduler."""
        return self.processes[0]

    def begin(self, machines: int) -> None:
        """Start a scheduler and machines, and wait for the scheduler."""
        self.folder.mkdir()
        self._start("scheduler", "--host", "127.0.0.1", "--port", "0", "--idle-timeout", UNUSED)
        wait_for(self._file.exists, self.scheduler)
        for _ in range(machines):
            self.join()

    def join(self) -> None:
        """Start one more machine."""
        self._start("worker", "--nthreads", "1", "--memory-limit", "0", "--local-directory", str(self.folder))

    def parts(self, way: str) -> list[list[psutil.Process]]:
        """Return the parts of machines, one of which is ended."""
        found = []
        for process in self.processes[1:]:
            with suppress(psutil.NoSuchProcess):
                nanny = psutil.Process(process.pid)
                found += [nanny, *nanny.children(recursive=True)]
        return parts_of(found, way)

    def end(self) -> None:
        """End everything at once."""
        for process in self.processes:
            process.kill()
            process.wait()

    def _start(self, what: str, *options: str) -> None:
        own = {"HARNESS_CACHE": str(self.folder / "cache"), "TEST_TRACES": str(self.folder), "TMPDIR": str(self.folder)}
        command = [sys.executable, "-m", f"distributed.cli.dask_{what}", "--scheduler-file", str(self._file)]
        with (self.folder / "said").open("ab") as said:
            self.processes.append(
                subprocess.Popen(
                    [*command, "--no-dashboard", *options],
                    cwd=Path(__file__).resolve().parents[2],
                    stdin=subprocess.DEVNULL,
                    stdout=said,
                    stderr=said,
                    env={**os.environ, **own},
                    start_new_session=True,
                )
            )


@contextmanager
def cluster(folder: Path, machines: int) -> Iterator[Cluster]:
    """Have a cluster for a while, of which nothing is left."""
    made = Cluster(folder)
    try:
        made.begin(machines)
        yield made
    finally:
        made.end()
    check_gone(Project(folder), "the cluster has ended")


@dataclass(frozen=True)
class Clusters:
    """Runs on a cluster that was there before them, and is there after them unless its scheduler is ended."""

    name: str = "clusters"

    def prepare(self, folder: Path) -> Mapping[Any, object]:
        """Return what the records of a local run say that nobody disturbs."""
        return reference(folder / "reference", DASK_ROWS)

    def attempt(self, originals: Mapping[Any, object], random: Random, folder: Path) -> None:
        """End a run or a part of its cluster, look at what is left, and complete the suite."""
        project = made(folder / "project", DASK_ROWS)
        way, count = random.choice((*PARTS, *RUN_ENDS, "scheduler")), random.choice(WORKERS)
        is_early = random.random() < EARLY
        after_s = random.uniform(0.0, START_S if is_early else AT_WORK_S)
        where = f"{way} after {after_s:.2f} s of {'the start of ' if is_early else ''}work on {count} machines"
        with cluster(folder / "cluster", count) as found:
            options = ("--executor", "dask", "--scheduler", found.address)
            process = started(project, jobs=1, options=options)
            if not is_early:
                wait_for(lambda: bool(told(project)), process)
            with suppress(subprocess.TimeoutExpired):
                process.wait(after_s)
            _end(found, process, way, random)
            code = process.wait(AGAIN_S)
            assert _is_expected(project, way, code), f"{where}: the run left with {code}: {said(project)}"
            check_gone(project, where, IDLE_S + GONE_S)  # a machine does not hear of the end of a run that is killed
            checked(project, originals, {}, where)
            if way == "scheduler":
                options = ()
            if code != DONE:
                assert started(project, jobs=1, options=options).wait(AGAIN_S) == DONE, f"{where}: {said(project)}"
        check_gone(project, where)
        check_complete(project, originals)


def _end(found: Cluster, process: subprocess.Popen[bytes], way: str, random: Random) -> None:
    """End what is to be ended; a machine without its nanny is replaced by one that joins late."""
    if way in RUN_ENDS:
        end(process, way, random)
    elif way == "scheduler":
        found.scheduler.kill()
    else:
        while not (parts := found.parts(way)) and process.poll() is None:
            time.sleep(0.01)  # it is not there yet
        signalled(random.choice(parts) if parts else [], signal.SIGKILL)
        if way in ("nanny", "machine"):
            found.join()


def _is_expected(project: Project, way: str, code: int) -> bool:
    if way in RUN_ENDS:
        return is_expected(project, way, code)
    return code == DONE or (code == REFUSED and way == "scheduler")
