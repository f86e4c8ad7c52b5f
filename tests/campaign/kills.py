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

ENDS = ("group", "parent", "term", "term-all", "int", "wall-time", "twice")
"""How runs are ended: all at once or the run alone by SIGKILL, what batch systems and people send, two signals."""
WORKER_ENDS = ("worker", "worker-term")
"""How a worker is ended, of a run that then goes on."""
KILLS = 5
"""Kills of one input: so many runs less one that are ended, then one that loses a worker and completes the suite."""
ROWS = {
    "cut": '[{ id = "smooth", amount = 0.3 }, { id = "cut" }]',
    "learn": '[{ id = "smooth", amount = 0.3 }, { id = "learn" }]',
    "noop": '[{ id = "noop" }]',
    **{f"slow-{number}": f'[{{ id = "fault", how = "slow", number = {number} }}]' for number in range(2)},
}
MANY_ROWS = {
    **{name: stages for name, stages in ROWS.items() if not name.startswith("slow")},
    **{f"brief-{number}": f'[{{ id = "fault", how = "brief", number = {number} }}]' for number in range(40)},
}
"""Rows of so little work that starting a run takes most of its time: what is ended has always some left to do."""
EACH = 4
"""Cells of a row: two folds with two samples each."""
CELLS = EACH * len(ROWS)
GRACE_S = 1.0
GONE_S = 15.0
"""How long processes may take to end after the run has."""
AGAIN_S = 60.0
AT_WORK_S = 1.0
"""How long after its first cell a run is ended at the latest."""
EARLY = 0.2
"""Share of the kills that come at any moment of the start."""


@dataclass(frozen=True)
class Undisturbed:
    """What a run says that nobody disturbs, by cell, and after how many seconds its first cell was recorded."""

    told: Mapping[Any, object]
    begun_s: float


@dataclass(frozen=True)
class Kills:
    """Runs of a suite with a trained row, ended again and again until the last one completes it."""

    name: str = "kills"

    def prepare(self, folder: Path) -> Undisturbed:
        """Run the suite once."""
        project = made(folder / "reference", MANY_ROWS)
        start_s = time.monotonic()
        process = started(project, jobs=1)
        while not told(project):
            assert process.poll() is None, "the run left without a record"
            time.sleep(0.02)
        begun_s = time.monotonic() - start_s
        assert process.wait(AGAIN_S) == 0
        return Undisturbed(told(project), begun_s)

    def attempt(self, originals: Undisturbed, random: Random, folder: Path) -> None:
        """Start runs of one suite and end them, look each time at what is left, and let the last one complete it."""
        project = made(folder / "project", MANY_ROWS)
        kept: Mapping[Any, object] = {}
        for number in range(KILLS):
            is_last = number == KILLS - 1
            way, jobs = random.choice(WORKER_ENDS if is_last else ENDS), random.choice((1, 4))
            is_early = random.random() < EARLY and not is_last
            begun_s = originals.begun_s
            after_s = random.uniform(0.0, begun_s) if is_early else begun_s + random.uniform(0.0, AT_WORK_S)
            where = f"kill {number}: {way} after {after_s:.2f} s of {jobs} workers"
            code = ended(project, way, jobs, after_s, random)
            assert code in CODES[way], f"{where}: the run left with {code}"
            check_gone(project, where)
            found = told(project)
            assert not (lost := kept.keys() - found.keys()), f"{where}: records are lost: {sorted(map(str, lost))}"
            assert all(originals.told[place] == one for place, one in found.items()), f"{where}: a record differs"
            check_blame(project, where)
            assert "Traceback" not in (said := (project.folder / "said").read_text(errors="replace")), (
                f"{where}: {said}"
            )
            kept = found
        assert kept == originals.told, "records are missing"
        lines = [json.loads(line) for line in project.store().scores_path.read_text().splitlines()]
        places = Counter((line["row"], line["sample"], line["fold"]) for line in lines)
        cells = EACH * len(MANY_ROWS)
        assert (len(places), len(lines)) == (cells, cells), f"{len(lines)} lines of {len(places)} cells"


DONE, REFUSED, INCOMPLETE, INTERRUPTED = 0, 2, 3, 130
KILLED, TERMINATED = -signal.SIGKILL, -signal.SIGTERM
CODES: dict[str, tuple[int, ...]] = {
    "group": (KILLED, DONE),
    "parent": (KILLED, DONE),
    "term": (INCOMPLETE, DONE, TERMINATED),
    "term-all": (INCOMPLETE, DONE, TERMINATED),
    "int": (INTERRUPTED, DONE, -signal.SIGINT),
    "wall-time": (INCOMPLETE, DONE, REFUSED),
    "twice": (INCOMPLETE, DONE, TERMINATED, INTERRUPTED, KILLED, -signal.SIGINT),
    "worker": (DONE,),
    "worker-term": (DONE,),
}
"""Exit codes of runs by how they were ended: 0 of one that was complete by then, the signal of one that did not heed it
yet, 2 of one that began so late that its wall time left nothing to compute in."""


def ended(project: Project, way: str, jobs: int, after_s: float, random: Random) -> int:
    """Start a run, end it or a worker of it after some seconds, and return its exit code."""
    variables = {JOB_END: str(int(time.time() + RESERVE_S + GRACE_S + after_s) + 1)} if way == "wall-time" else {}
    process = started(project, jobs=jobs, **variables)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(0 if way == "wall-time" else after_s)
    end(process, way, random)
    return process.wait(AGAIN_S)


def made(folder: Path, rows: dict[str, str] = ROWS) -> Project:
    """Return a new project in a folder."""
    project = Project(folder).write()
    project.suite(rows, split="folds")
    return project


def reference(folder: Path) -> Mapping[Any, object]:
    """Return what the records of a run of a new project say that nobody disturbs."""
    project = made(folder)
    assert started(project, jobs=1).wait(AGAIN_S) == 0
    return told(project)


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
        if way == "group":
            _signalled([parent, *every], signal.SIGKILL)
        elif way == "parent":
            _signalled([parent], signal.SIGKILL)
        elif way in WORKER_ENDS:
            while not (workers := _workers_of(parent)):
                time.sleep(0.01)  # its next worker is not there yet
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


def _workers_of(parent: psutil.Process) -> list[psutil.Process]:
    """Return the workers of a run that are there; raises `psutil.NoSuchProcess` once it has ended."""
    if parent.status() == psutil.STATUS_ZOMBIE:
        raise psutil.NoSuchProcess(parent.pid)
    return [one for one in parent.children(recursive=True) if "harness.worker.main" in one.cmdline()]


def _signalled(processes: list[psutil.Process], number: signal.Signals) -> None:
    for one in processes:
        with contextlib.suppress(psutil.Error):
            one.send_signal(number)


def _heeds_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell starts its background jobs with it ignored
