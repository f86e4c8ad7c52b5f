"""Stages that go wrong in every way, and runs that are ended from outside."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest

from harness.errors import HarnessError, StoreError
from harness.runner import api, local
from harness.runner.process import WorkerProcess
from harness.runner.stopping import Stop
from harness.store import files
from tests.runner.project import Project, Recorder

REPOSITORY = Path(__file__).resolve().parents[2]


def fault(how: str) -> str:
    return f'[{{ id = "fault", how = "{how}" }}]'


def gone(pid: int, seconds: float = 10.0) -> bool:
    """Whether a process has ended (or only waits to be reaped) within some seconds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize(
    ("how", "status", "kind", "message"),
    [
        ("raise", "exception", "RuntimeError", "no luck | in ~/somewhere and <scratch>/"),
        ("shape", "exception", "LabelError", "returned labels of shape (5, 32); its input has (32, 32)"),
        ("dtype", "exception", "LabelError", "of type float32; accepted: integers"),
        ("negative", "exception", "LabelError", "negative values"),
        ("slot", "exception", "ChainError", "returned masks; declared: labels"),
        ("in-place", "exception", "ChainError", "changed its input 'image' in place"),
        ("memory-error", "out-of-memory", "MemoryError", "3 TB"),
        ("import", "backend-missing", "ModuleNotFoundError", "no_such_library"),
        ("exit", "killed", "Exit", "exit code 3"),
        ("kill", "killed", "SIGKILL", "ended by SIGKILL"),
        ("segv", "killed", "SIGSEGV", "ended by SIGSEGV"),
        ("sys-exit", "exception", "SystemExit", "4"),
        ("interrupt", "exception", "KeyboardInterrupt", ""),
        ("recursion", "exception", "RecursionError", "maximum recursion depth"),
        ("none", "exception", "LabelError", "returned labels a NoneType; accepted: a Volume"),
        ("array", "exception", "LabelError", "returned labels a ndarray; accepted: a Volume"),
        ("patch", "exception", "PatchedLibraryError", "replaced numpy.unique for the whole process"),
        ("close", "killed", "PipeClosed", "a stage closed files that are not its own"),
        ("noise", "killed", "ForeignBytes", "what came over the pipe is no message; found b'hello'"),
        ("text", "exception", "ValueError", "a file named \\udcff"),
    ],
)
def test_a_failure_is_a_record_and_the_other_cells_go_on(
    project: Project, how: str, status: str, kind: str, message: str
) -> None:
    suite = project.suite({"bad": fault(how), "noop": '[{ id = "noop" }]'})
    summary = project.run(suite)
    assert (summary.failed, summary.computed, summary.is_complete) == (2, 2, False)
    record = project.records()["bad", "b"]
    assert record.status == status
    assert record.metrics == {}
    assert record.error is not None
    assert (record.error.type, record.error.stage) == (kind, "fault")
    assert message in record.error.message
    assert record.data == project.records()["noop", "b"].data
    assert summary.suites[0].failures[0].status == status


def test_what_a_stage_leaves_behind_ends_with_its_cell(project: Project) -> None:
    progress = Recorder()
    rows = {"bad": fault("leave"), "noop": '[{ id = "noop" }]'}
    assert project.run(project.suite(rows), progress=progress).computed == 4
    assert gone(int((project.traces / "child").read_text()))
    assert [line for line in progress.logged if "ended 1 processes that the cell left behind" in line]


def test_a_library_that_keeps_processes_for_its_next_call_never_finds_them_gone(project: Project) -> None:
    project.run(project.suite({"pool": fault("pool")}), jobs=1)
    assert [record.error for record in project.records().values()] == [None, None]


def test_a_stage_sees_the_process_as_it_was_before_other_stages(project: Project) -> None:
    seen = []
    for first in ("slow", "settings"):
        rows = {first: fault(first), "second": fault("witness")}
        project.run(project.suite(rows, id=first, extra='seed_group = "one"'))
        lines = (project.traces / "witness").read_text().splitlines()
        (project.traces / "witness").unlink()
        assert len({line.partition(" ")[0] for line in lines}) == 1, "one worker"
        seen.append(sorted(line.partition(" ")[2] for line in lines))
    assert seen[0] == seen[1]


@pytest.mark.parametrize("how", ["fork-return", "fork-raise"])
def test_a_process_that_a_stage_forks_never_answers_for_the_worker(project: Project, how: str) -> None:
    rows = {"forks": fault(how), **{f"r{n}": f'[{{ id = "fault", how = "slow", number = {n} }}]' for n in range(3)}}
    assert project.run(project.suite(rows)).computed == 8
    for (row, _), record in project.records().items():
        assert record.stages[0].parameters["how"] == (how if row == "forks" else "slow")


def test_missing_library_and_wrong_dimensions_have_their_own_status(project: Project) -> None:
    suite = project.suite({"absent": '[{ id = "absent-library" }]'})
    assert project.run(suite).failed == 2
    record = project.records()["absent", "a"]
    assert record.status == "backend-missing"
    assert record.error is not None
    assert "not installed: no_such_library" in record.error.message


def test_failures_are_tried_again(project: Project) -> None:
    suite = project.suite({"bad": fault("once")})
    assert (project.run(suite).failed, project.run(suite).computed, project.run(suite).cached) == (1, 1, 2)
    assert {record.status for record in project.records().values()} == {"ok"}


@pytest.mark.usefixtures("_late_when_it_hangs")
def test_deadline_ends_the_worker_and_all_it_started(project: Project) -> None:
    suite = project.suite({"bad": fault("hang"), "noop": '[{ id = "noop" }]'}, deadline_s=1.0)
    summary = project.run(suite)
    assert (summary.failed, summary.computed) == (2, 2)
    error = project.records()["bad", "a"].error
    assert error is not None
    assert (error.type, error.message, error.stage) == ("Deadline", "still running after 1 s", "fault")
    assert project.records()["bad", "a"].status == "timeout"
    assert gone(int((project.traces / "child").read_text())), "a child in a session of its own is ended too"


def test_memory_limit_ends_the_worker(project: Project) -> None:
    rows = {"noop": '[{ id = "noop" }]', "bad": fault("allocate"), "last": '[{ id = "noop", number = 1 }]'}
    summary = project.run(project.suite(rows, memory_gb=0.8, deadline_s=60.0))
    assert (summary.failed, summary.computed) == (2, 4)
    record = project.records()["bad", "a"]
    assert record.status == "out-of-memory"
    assert record.error is not None
    assert "the limit is 0.80 GB" in record.error.message
    assert record.error.stage == "fault"


def test_what_a_dying_worker_printed_is_kept(project: Project) -> None:
    progress = Recorder()
    project.run(project.suite({"bad": fault("exit")}), progress=progress)
    place = next(line.partition("kept in ")[2] for line in progress.logged if "kept in " in line)
    assert "last words" in Path(place).read_text()


def test_logs_and_scratch_of_good_workers_are_removed(project: Project) -> None:
    project.run(project.suite({"noop": '[{ id = "noop" }]'}))
    assert list((project.cache / "logs").iterdir()) == []


def test_another_interpreter_runs_the_cells_of_its_extra(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    python = project.folder / "other-python"
    python.write_text(f'#!/bin/sh\nOTHER_PYTHON=yes exec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    monkeypatch.setenv("HARNESS_PYTHON_OTHER", str(python))
    assert project.run(project.suite({"other": '[{ id = "other-python" }]'})).computed == 2
    assert (project.traces / "python").read_text().endswith(" yes")


def test_an_interpreter_without_the_harness_is_a_missing_backend(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = project.folder / "broken-python"
    python.write_text("#!/bin/sh\necho no module of that name >&2\nexit 1\n")
    python.chmod(0o755)
    monkeypatch.setenv("HARNESS_PYTHON_OTHER", str(python))
    suite = project.suite({"other": '[{ id = "other-python" }]', "noop": '[{ id = "noop" }]'})
    summary = project.run(suite)
    assert (summary.failed, summary.computed) == (2, 2)
    error = project.records()["other", "b"].error
    assert error is not None
    assert error.message == "the worker did not start: no module of that name"


RUN = """
    import sys
    from pathlib import Path
    import harness
    folder = Path(sys.argv[1])
    summary = harness.run(
        folder / "demo.toml", results=folder / "results", plugins=[folder / "tiny_stages.py"],
        catalogue=folder / "datasets.toml", threads=1,
    )
    print("stopped by:", summary.stopped, file=sys.stderr)
"""


def started(project: Project) -> subprocess.Popen[str]:
    """Start a run in a process of its own and wait until it has kept its first two cells."""
    rows = {f"r{number}": f'[{{ id = "fault", how = "slow", number = {number} }}]' for number in range(8)}
    project.suite(rows)
    return started_until(project, lambda: len(project.store().records()) >= 2)


def started_until(project: Project, is_far_enough: Callable[[], bool], code: str = RUN) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", textwrap.dedent(code), str(project.folder)]
    # A shell starts its background jobs with interrupts ignored.
    heeds_interrupts = partial(signal.signal, signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(command, cwd=REPOSITORY, stderr=subprocess.PIPE, text=True, preexec_fn=heeds_interrupts)
    end = time.monotonic() + 60
    while not is_far_enough():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.02)
    return process


def workers_of(pid: int) -> list[int]:
    return [child.pid for child in psutil.Process(pid).children(recursive=True)]


def test_killed_parent_leaves_no_worker_and_the_next_run_finishes_the_rest(project: Project) -> None:
    process = started(project)
    workers = workers_of(process.pid)
    assert workers
    process.kill()
    process.communicate()
    assert all(gone(pid) for pid in workers)
    kept = len(project.store().records())
    assert 2 <= kept < 16
    summary = project.run(project.folder / "demo.toml")
    assert (summary.cached, summary.computed) == (kept, 16 - kept)
    assert len(project.records()) == 16


def test_an_interrupt_waits_for_no_cell_and_leaves_a_usable_store(project: Project) -> None:
    project.suite({"noop": '[{ id = "noop" }]', "bad": fault("hang")})
    process = started_until(project, (project.traces / "child").exists)
    workers = workers_of(process.pid)
    process.send_signal(signal.SIGINT)
    _, printed = process.communicate()
    assert process.returncode != 0
    assert "KeyboardInterrupt" in printed
    assert all(gone(pid) for pid in workers)
    assert not project.store().journal_path.exists()
    assert [*project.records()] == [("noop", "a"), ("noop", "b")], (
        "the cell that hangs came to no end, nor to its deadline"
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1])
def test_a_signal_of_a_batch_system_lets_cells_end_and_says_how_to_go_on(
    project: Project, number: signal.Signals
) -> None:
    process = started(project)
    workers = workers_of(process.pid)
    process.send_signal(number)
    _, printed = process.communicate()
    assert process.returncode == 0
    assert f"{number.name} came: no cell is begun any more" in printed
    assert f"stopped by: {number.name} came" in printed
    assert all(gone(pid) for pid in workers)
    assert not project.store().journal_path.exists()
    kept = len(project.store().records())
    assert 2 <= kept < 16
    summary = project.run(project.folder / "demo.toml")
    assert (summary.cached, summary.computed, summary.stopped) == (kept, 16 - kept, "")


SUSPENDED = """
    import time
    from pathlib import Path
    import sys
    traces, real, calls = Path(sys.argv[1]) / "traces", time.monotonic, 0

    def clock():
        "An hour later once a file says so. The cell ends when the run has looked at the clock many times since."
        global calls
        is_later = (traces / "suspended").exists()
        calls += is_later
        if calls == 50:
            (traces / "go-on-0").touch()
        return real() + 3600.0 * is_later

    time.monotonic = clock
"""


def test_a_run_that_is_suspended_holds_that_time_against_no_method(project: Project) -> None:
    project.suite({"waits": fault("wait")}, split="one", deadline_s=1000.0)
    process = started_until(project, lambda: project.count("waits") > 0, SUSPENDED + RUN)
    every = [process.pid, *workers_of(process.pid)]
    for pid in every:
        os.kill(pid, signal.SIGSTOP)
    (project.traces / "suspended").touch()
    for pid in every:
        os.kill(pid, signal.SIGCONT)
    process.communicate()
    assert [record.status for record in project.records().values()] == ["ok"]
    assert project.count("waits") == 1


def test_a_wall_time_ends_a_run_before_it(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    progress = Recorder()
    monkeypatch.setattr(api, "Stop", partial(Stop, clock=lambda: 80.0 if len(progress.lines) >= 3 else 0.0))
    rows = {f"r{number}": f'[{{ id = "noop", number = {number} }}]' for number in range(40)}
    summary = project.run(project.suite(rows), wall_time_s=100.0, grace_s=20.0, progress=progress)
    assert summary.stopped == "the wall time, 100 s, was near"
    assert summary.computed == 4, "the one that was begun is within its grace"
    assert summary.missing == 76
    assert {cell.reason for cell in summary.suites[0].missing_cells} == {"not computed: the wall time, 100 s, was near"}


def test_a_worker_that_is_ended_before_it_is_ready_is_started_again(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[WorkerProcess] = []

    class Ended(WorkerProcess):
        """The first is ended at once, as by a batch system."""

        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            started.append(self)
            if len(started) == 1:
                os.kill(self.pid, signal.SIGTERM)

    monkeypatch.setattr(local, "WorkerProcess", Ended)
    assert project.run(project.suite({"noop": '[{ id = "noop" }]'})).computed == 2
    assert len(started) == 2
    assert all(
        any("was ended by SIGTERM" in note for note in one.notes) == (one.sample == "a")
        for one in project.store().records()
    )


def test_a_worker_that_is_killed_again_and_again_before_it_is_ready_blames_no_method(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(WorkerProcess):
        """Ended by the kernel, whose memory does not suffice for what a worker imports."""

        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            os.kill(self.pid, signal.SIGKILL)

    monkeypatch.setattr(local, "WorkerProcess", Killed)
    project.run(project.suite({"noop": '[{ id = "noop" }]'}, split="one"))
    (record,) = project.records().values()
    assert record.status == "lost"
    assert record.error is not None
    assert (record.error.type, record.error.stage) == ("SIGKILL", "")
    assert record.error.message.startswith("the worker was ended by SIGKILL")
    assert record.error.message.endswith(" before it was ready, 3 times in a row")


@pytest.mark.parametrize("how", ["kill-once", "term-once", "stale-once"])
def test_what_came_from_outside_is_tried_again_and_noted(project: Project, how: str) -> None:
    progress = Recorder()
    summary = project.run(project.suite({"bad": fault(how)}), progress=progress)
    assert (summary.computed, summary.failed) == (2, 0)
    assert project.count("attempts") == 2
    for record in project.records().values():
        assert record.status == "ok"
        assert record.notes[-1].startswith("an attempt before this one was lost: ")
    assert len([line for line in progress.logged if line.endswith("; it is tried again")]) == 2


@pytest.mark.parametrize(
    ("how", "kind", "attempts"), [("term", "SIGTERM", 3), ("stale", "FileSystem", 3), ("disk-full", "DiskFull", 1)]
)
def test_what_comes_from_outside_again_and_again_is_lost(project: Project, how: str, kind: str, attempts: int) -> None:
    project.run(project.suite({"bad": fault(how)}, split="one"))
    (record,) = project.records().values()
    assert record.status == "lost"
    assert record.error is not None
    assert record.error.type == kind
    assert project.count("attempts") == attempts


def test_a_worker_that_waits_for_a_disk_without_end_is_not_late_but_lost(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.runner.process.STALLED_S", 0.3)
    monkeypatch.setattr(WorkerProcess, "waits_for_disk", lambda worker: True)
    project.run(project.suite({"bad": fault("hang")}, split="one", deadline_s=0.5), retries=0)
    (record,) = project.records().values()
    assert record.status == "lost"
    assert record.error is not None
    assert record.error.type == "FileSystem"
    assert record.error.message == "a file system did not answer for 0.5 s, as long as its deadline"


def test_a_worker_that_has_waited_for_a_disk_has_that_time_left(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Ticking:
        """Goes on a little whenever it is asked once a cell has begun; after 30 s it stands, and the cell may end."""

        now_s = 0.0
        strftime = staticmethod(time.strftime)

        def monotonic(self) -> float:
            if project.count("waits") and self.now_s < 30.0:
                self.now_s += 0.6
            elif self.now_s:
                project.go_on(0)
            return self.now_s

    clock = Ticking()
    for module in ("local", "process"):
        monkeypatch.setattr(f"harness.runner.{module}.time", clock)
    monkeypatch.setattr(WorkerProcess, "waits_for_disk", lambda worker: worker.stalled_s < 15.0)
    project.run(project.suite({"waits": fault("wait")}, split="one", deadline_s=18.0), retries=0)
    (record,) = project.records().values()
    assert (record.status, record.error) == ("ok", None)
    assert clock.now_s >= 30.0


def test_a_worker_that_waits_for_a_disk_while_it_starts_is_tried_again(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = project.folder / "stalled-python"
    python.write_text("#!/bin/sh\nexec sleep 600\n")
    python.chmod(0o755)
    monkeypatch.setenv("HARNESS_PYTHON_OTHER", str(python))
    monkeypatch.setattr(local, "START_S", 0.5)
    monkeypatch.setattr("harness.runner.process.STALLED_S", 0.3)
    monkeypatch.setattr(WorkerProcess, "waits_for_disk", lambda worker: True)
    progress = Recorder()
    project.run(project.suite({"other": '[{ id = "other-python" }]'}), retries=1, progress=progress)
    message = "a file system did not answer for 0.5 s, as long as a worker may take to start"
    assert len([line for line in progress.logged if line.endswith(f": {message}; it is tried again")]) == 2
    for record in project.records().values():
        assert record.status == "lost"
        assert record.error is not None
        assert (record.error.type, record.error.message) == ("FileSystem", f"{message}, 2 times in a row")


def test_only_what_methods_failed_in_is_computed_when_asked(project: Project) -> None:
    suite = project.suite({"bad": fault("once"), "lost": fault("term"), "noop": '[{ id = "noop" }]'}, split="one")
    assert project.run(suite, retries=0).failed == 2
    summary = project.run(suite, failed=True)
    assert (summary.cells, summary.computed, summary.failed, summary.missing) == (1, 1, 0, 0)
    assert {row: record.status for (row, _), record in project.records().items()} == {
        "bad": "ok",
        "lost": "lost",
        "noop": "ok",
    }
    assert project.run(suite, failed=True).cells == 0
    with pytest.raises(HarnessError, match="either all cells again or those that failed"):
        project.run(suite, failed=True, again=True)


def test_full_disk_ends_the_run_with_one_error_and_keeps_what_was_stored(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = files.write_all
    appended = 0

    def write_all(fd: int, content: bytes) -> None:
        nonlocal appended
        if b'"record"' in content[:12]:
            appended += 1
            if appended > 3:
                os.write(fd, content[:50])
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(fd, content)

    monkeypatch.setattr(files, "write_all", write_all)
    rows = {f"r{number}": f'[{{ id = "noop", number = {number} }}]' for number in range(4)}
    with pytest.raises(StoreError, match="No space left on device"):
        project.run(project.suite(rows))
    assert len(project.records()) == 3
    monkeypatch.undo()
    assert [path.suffix for path in project.store().folder.glob("scores*")] == [".jsonl"]


def test_full_cache_disk_is_a_failure_record(project: Project) -> None:
    project.cache.joinpath("stages").write_text("a file where the folder of the cache should be")
    summary = project.run(project.suite({"one": '[{ id = "smooth" }, { id = "cut" }]'}))
    assert summary.failed == 2
    error = project.records()["one", "a"].error
    assert error is not None
    assert error.type == "StoreError"
    assert str(project.cache) not in error.message
