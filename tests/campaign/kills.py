"""Runs that are ended at any moment in any way: nothing is lost, doubled, held against a method, or left behind."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import psutil

from harness.runner.stopping import JOB_END, RESERVE_S
from harness.store import Record
from tests.runner.project import Project

WAYS = ("group", "parent", "worker", "worker-term", "term", "term-all", "int", "wall-time", "twice")
"""Everything at once, the run alone, a worker, each by SIGKILL or what batch systems send; two signals; a wall time."""
ROWS = {
    "cut": '[{ id = "smooth", amount = 0.3 }, { id = "cut" }]',
    "learn": '[{ id = "smooth", amount = 0.3 }, { id = "learn" }]',
    "noop": '[{ id = "noop" }]',
    **{f"slow-{number}": f'[{{ id = "fault", how = "slow", number = {number} }}]' for number in range(2)},
}
CELLS = 4 * len(ROWS)
"""Two folds with two samples each."""
GRACE_S = 1.0
GONE_S = 15.0
"""How long processes may take to end after the run has."""
AGAIN_S = 60.0


@dataclass(frozen=True)
class Kills:
    """Runs of a small suite with a trained row."""

    name: str = "kills"

    def prepare(self, folder: Path) -> Mapping[Any, object]:
        """Return what the records of a run say that nobody disturbs."""
        project = made(folder / "reference")
        assert started(project, jobs=1).wait(AGAIN_S) == 0
        return told(project)

    def attempt(self, originals: Mapping[Any, object], random: Random, folder: Path) -> None:
        """Start a run, end it, look at what is left, and run again."""
        project, way, jobs = made(folder / "project"), random.choice(WAYS), random.choice((1, 4))
        after_s = random.uniform(0.1, 4.5)
        variables = {JOB_END: str(int(time.time() + RESERVE_S + GRACE_S + after_s) + 1)} if way == "wall-time" else {}
        process = started(project, jobs=jobs, **variables)
        where = f"{way} after {after_s:.2f} s of {jobs} workers"
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0 if way == "wall-time" else after_s)
        end(process, way, random)
        process.wait(AGAIN_S)
        check_gone(project, where)
        kept = told(project)
        assert all(originals[place] == one for place, one in kept.items()), f"{where}: a record is not what it was"
        check_blame(project, where)
        code = started(project, jobs=jobs).wait(AGAIN_S)
        assert code == 0, f"{where}: the next run left with {code}"
        check_gone(project, where)
        check_blame(project, where)
        assert told(project) == originals, f"{where}: records are lost or differ"
        lines = [json.loads(line) for line in project.store().scores_path.read_text().splitlines()]
        places = Counter((line["row"], line["sample"], line["fold"]) for line in lines)
        assert (len(places), len(lines)) == (CELLS, CELLS), f"{where}: {len(lines)} lines of {len(places)} cells"


def made(folder: Path) -> Project:
    """Return a new project in a folder."""
    project = Project(folder).write()
    project.suite(ROWS, split="folds")
    return project


def started(project: Project, *, jobs: int, **variables: str) -> subprocess.Popen[bytes]:
    """Start the command line on a project, in a session of its own, its cache in the project's folder."""
    cache = project.folder / "cache"
    environment = {
        **os.environ,
        "HARNESS_CACHE": str(cache),
        "TEST_TRACES": str(project.traces),
        "TMPDIR": str(project.folder),
        **variables,
    }
    command = [
        *(sys.executable, "-m", "harness", "run", str(project.folder / "demo.toml"), "--jobs", str(jobs)),
        *("--threads", "1", "--plugin", str(project.plugin), "--catalogue", str(project.folder / "datasets.toml")),
        *("--results", str(project.results), "--grace", str(GRACE_S), "--device", "cpu"),
    ]
    with (project.folder / "said").open("ab") as said:
        return subprocess.Popen(
            command,
            cwd=Path(__file__).resolve().parents[2],
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            env=environment,
            start_new_session=True,
            preexec_fn=_heeds_interrupts,
        )


def end(process: subprocess.Popen[bytes], way: str, random: Random) -> None:
    """End a run, or a part of it, if it is still there."""
    with contextlib.suppress(psutil.Error):
        parent = psutil.Process(process.pid)
        every = parent.children(recursive=True)
        workers = [one for one in every if "harness.worker.main" in one.cmdline()]
        if way == "group":
            _signalled([parent, *every], signal.SIGKILL)
        elif way == "parent":
            _signalled([parent], signal.SIGKILL)
        elif way in ("worker", "worker-term") and workers:
            _signalled([random.choice(workers)], signal.SIGTERM if way.endswith("term") else signal.SIGKILL)
        elif way == "term":
            _signalled([parent], signal.SIGTERM)
        elif way == "term-all":
            _signalled([parent, *every], signal.SIGTERM)
        elif way == "int":
            _signalled([parent], signal.SIGINT)
        elif way == "twice":
            _signalled([parent], signal.SIGTERM)
            _signalled([parent], random.choice((signal.SIGTERM, signal.SIGINT, signal.SIGKILL)))


def told(project: Project) -> Mapping[Any, object]:
    """Return what of the records must be the same whatever happened, by cell."""
    return {
        one.id: (one.cell, one.status, dict(one.metrics), dict(one.counts), dict(one.prediction), one.seed, _made(one))
        for one in project.store().records()
    }


def check_blame(project: Project, where: str) -> None:
    """Raise `AssertionError` for a record that says that something has failed: nothing has."""
    blamed = [f"{one.id}: {one.status}: {one.error}" for one in project.store().records() if one.status != "ok"]
    assert not blamed, f"{where}: {blamed}"


def check_gone(project: Project, where: str) -> None:
    """Raise `AssertionError` if processes of a project are left: they know its cache."""
    ends_s = time.monotonic() + GONE_S
    while left := _processes_of(project):
        assert time.monotonic() < ends_s, f"{where}: left behind: {left}"
        time.sleep(0.05)


def _made(record: Record) -> object:
    return [(stage.id, stage.output, stage.model) for stage in record.stages]


def _processes_of(project: Project) -> list[str]:
    wanted, found = str(project.folder / "cache"), []
    for one in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if one.status() != psutil.STATUS_ZOMBIE and one.environ().get("HARNESS_CACHE") == wanted:
                found.append(f"{one.pid} {' '.join(one.cmdline()[:6])}")
    return found


def _signalled(processes: list[psutil.Process], number: signal.Signals) -> None:
    for one in processes:
        with contextlib.suppress(psutil.Error):
            one.send_signal(number)


def _heeds_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell starts its background jobs with it ignored
