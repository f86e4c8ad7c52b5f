"""Runs that are ended at any moment in any way: nothing is lost, doubled, held against a method, or left behind."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import psutil

from harness.runner.stopping import JOB_END, RESERVE_S
from harness.store import Record
from tests.campaign.ends import DASK_ENDS, ENDS, WORKER_ENDS, end, wait_for
from tests.runner.project import Project

KILLS = 5
"""Kills of one input: so many runs less one that are ended, then one that loses a worker and completes the suite."""
DASK_KILLS = 2
WORKERS = (1, 4)
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
DASK_ROWS = dict(list(MANY_ROWS.items())[:16])
"""Fewer of them: each cell is sent to its machine and back."""
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
    """What a run says that nobody disturbs, by cell, and after how many seconds its first cell was recorded.

    The seconds are by the number of workers.
    """

    told: Mapping[Any, object]
    begun_s: Mapping[int, float]


@dataclass(frozen=True)
class Kills:
    """Runs of a suite with a trained row, ended again and again until the last one completes it."""

    name: str = "kills"
    rows: Mapping[str, str] = field(default_factory=lambda: MANY_ROWS)
    kills: int = KILLS
    worker_ends: tuple[str, ...] = WORKER_ENDS
    options: tuple[str, ...] = ()

    def prepare(self, folder: Path) -> Undisturbed:
        """Run the suite once."""
        begun_s = {}
        for jobs in reversed(WORKERS):
            project = made(folder / f"reference-{jobs}", self.rows)
            start_s = time.monotonic()
            process = started(project, jobs=jobs, options=self.options)
            wait_for(lambda project=project: bool(told(project)), process)  # type: ignore[misc]
            begun_s[jobs] = time.monotonic() - start_s
            if jobs != WORKERS[0]:
                end(process, "group", Random())
                process.wait()
        assert process.wait(AGAIN_S) == DONE
        return Undisturbed(told(project), begun_s)

    def attempt(self, originals: Undisturbed, random: Random, folder: Path) -> None:
        """Start runs of one suite and end them, look each time at what is left, and let the last one complete it."""
        project = made(folder / "project", self.rows)
        kept: Mapping[Any, object] = {}
        for number in range(self.kills):
            is_last = number == self.kills - 1
            way, jobs = random.choice(self.worker_ends if is_last else ENDS), random.choice(WORKERS)
            can_be_early = not is_last or self.worker_ends == DASK_ENDS  # a cluster loses workers before they have work
            is_early = random.random() < EARLY and can_be_early
            begun_s = originals.begun_s[jobs]
            after_s = random.uniform(0.0, begun_s) if is_early else begun_s + random.uniform(0.0, AT_WORK_S)
            where = f"kill {number}: {way} after {after_s:.2f} s of {jobs} workers"
            code = ended(project, way, jobs, after_s, random, self.options)
            assert is_expected(project, way, code), f"{where}: the run left with {code}: {said(project)}"
            check_gone(project, where)
            kept = checked(project, originals.told, kept, where)
        check_complete(project, originals.told)


BEFORE_ANYTHING = re.compile(r"Fatal Python error: init_import_site.*?\nKeyboardInterrupt\n", re.DOTALL)
"""What Python says of an interrupt before it gets to the harness; its exit code is 1 then."""
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
    **dict.fromkeys(DASK_ENDS, (DONE,)),
}
"""Exit codes of runs by how they were ended: 0 of one that was complete by then, the signal of one that did not heed it
yet, 2 of one that began so late that its wall time left nothing to compute in."""


def ended(project: Project, way: str, jobs: int, after_s: float, random: Random, options: Sequence[str] = ()) -> int:
    """Start a run, end it or a worker of it after some seconds, and return its exit code."""
    variables = {JOB_END: str(int(time.time() + RESERVE_S + GRACE_S + after_s) + 1)} if way == "wall-time" else {}
    process = started(project, jobs=jobs, options=options, **variables)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(0 if way == "wall-time" else after_s)
    end(process, way, random)
    return process.wait(AGAIN_S)


def made(folder: Path, rows: Mapping[str, str] = ROWS) -> Project:
    """Return a new project in a folder."""
    project = Project(folder).write()
    project.suite(dict(rows), split="folds")
    return project


def reference(folder: Path, rows: Mapping[str, str] = ROWS) -> Mapping[Any, object]:
    """Return what the records of a run of a new project say that nobody disturbs."""
    project = made(folder, rows)
    assert started(project, jobs=1).wait(AGAIN_S) == DONE
    return told(project)


def started(project: Project, *, jobs: int, options: Sequence[str] = (), **variables: str) -> subprocess.Popen[bytes]:
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
        *options,
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


def told(project: Project) -> Mapping[Any, object]:
    """Return what of the records must be the same whatever happened, by cell."""
    return {
        one.id: (one.cell, one.status, dict(one.metrics), dict(one.counts), dict(one.prediction), one.seed, _made(one))
        for one in project.store().records()
    }


def said(project: Project) -> str:
    """Return the end of what runs of a project have printed."""
    return (project.folder / "said").read_text(errors="replace")[-2000:]


def checked(
    project: Project, expected: Mapping[Any, object], kept: Mapping[Any, object], where: str
) -> Mapping[Any, object]:
    """Return what the records of a run say that was ended, of which `kept` were there before it began.

    Raises `AssertionError` if one of these is lost, one is not as expected, something is blamed, or for a traceback.
    """
    found = told(project)
    assert not (lost := kept.keys() - found.keys()), f"{where}: records are lost: {sorted(map(str, lost))}"
    assert all(expected[place] == one for place, one in found.items()), f"{where}: a record differs"
    check_blame(project, where)
    everything = BEFORE_ANYTHING.sub("", (project.folder / "said").read_text(errors="replace"))
    assert "Traceback" not in everything, f"{where}: {everything}"
    return found


def is_expected(project: Project, way: str, code: int) -> bool:
    """Return whether a run that was ended in some way may leave with a code; with 1 where Python was only starting."""
    everything = (project.folder / "said").read_text(errors="replace")
    return code in CODES[way] or (code == 1 and way == "int" and BEFORE_ANYTHING.search(everything) is not None)


def check_complete(project: Project, expected: Mapping[Any, object]) -> None:
    """Raise `AssertionError` unless every cell has one record, as expected."""
    assert told(project) == expected, "records are missing"
    lines = [json.loads(line) for line in project.store().scores_path.read_text().splitlines()]
    places = Counter((line["row"], line["sample"], line["fold"]) for line in lines)
    cells = len(expected)
    assert (len(places), len(lines)) == (cells, cells), f"{len(lines)} lines of {len(places)} cells"


def check_blame(project: Project, where: str) -> None:
    """Raise `AssertionError` for a record that says that something has failed: nothing has."""
    blamed = [f"{one.id}: {one.status}: {one.error}" for one in project.store().records() if one.status != "ok"]
    assert not blamed, f"{where}: {blamed}"


def check_gone(project: Project, where: str, within_s: float = GONE_S) -> None:
    """Raise `AssertionError` if processes of a project are left after some seconds: they know its cache."""
    ends_s = time.monotonic() + within_s
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


def _heeds_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell starts its background jobs with it ignored
