from __future__ import annotations

import errno
import os
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from harness.errors import BackendError, StoreError
from harness.jobs.messages import Backend, WorkerSetup
from harness.memory import TreeMemory
from harness.runner import process
from harness.runner.process import WorkerProcess, worker_environment
from tests.runner.bench import a_job
from tests.runner.test_faults import gone


@pytest.fixture
def setup(tmp_path: Path) -> WorkerSetup:
    return WorkerSetup(cache=str(tmp_path), scratch="/s", device="cpu", threads=3)


@pytest.fixture
def sleeper(tmp_path: Path) -> Backend:
    script = tmp_path / "sleeper"
    script.write_text("#!/bin/sh\necho going to sleep\nsleep 600 &\nwait\n")
    script.chmod(0o755)
    return Backend(str(script))


def test_environment_pins_threads_and_hides_devices(setup: WorkerSetup, monkeypatch: pytest.MonkeyPatch) -> None:
    variables = worker_environment(setup)
    assert (variables["OMP_NUM_THREADS"], variables["TMPDIR"], variables["PYTHONHASHSEED"]) == ("3", "/s", "0")
    assert variables["CUDA_VISIBLE_DEVICES"] == "-1"
    assert str(Path(process.__file__).parents[2]) in variables["PYTHONPATH"]
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    on_device = WorkerSetup(setup.cache, setup.scratch, "auto", 3)
    assert "CUDA_VISIBLE_DEVICES" not in worker_environment(on_device)
    assert worker_environment(on_device, "GPU-a")["CUDA_VISIBLE_DEVICES"] == "GPU-a"
    assert worker_environment(setup, "GPU-a")["CUDA_VISIBLE_DEVICES"] == "-1"


def test_kill_ends_the_whole_group(setup: WorkerSetup, sleeper: Backend) -> None:
    worker = WorkerProcess(sleeper, setup)
    end = time.monotonic() + 10
    while not worker.memory.descendants and time.monotonic() < end:
        worker.memory.read_bytes()
        time.sleep(0.05)
    children = worker.memory.descendants
    assert children
    assert worker.exit_code() is None
    assert worker.last_log_lines() == "going to sleep"
    log = worker.log_path
    assert worker.kill() == -9
    assert all(gone(pid) for pid in children)
    assert not log.exists()


def test_kill_ends_what_has_left_the_group_since_the_last_look(setup: WorkerSetup, tmp_path: Path) -> None:
    script, begun = tmp_path / "leaver", tmp_path / "begun"
    script.write_text(f"#!/bin/sh\nsetsid sh -c 'echo $$ > {begun}; exec sleep 600' &\nwait\n")
    script.chmod(0o755)
    worker = WorkerProcess(Backend(str(script)), setup)
    end = time.monotonic() + 10
    while not (begun.exists() and begun.read_text().strip()) and time.monotonic() < end:
        time.sleep(0.02)
    worker.memory = TreeMemory(worker.pid, refresh_s=600.0)
    worker.memory.read_bytes()
    worker.memory.descendants = ()  # as that look would have found it a moment earlier
    worker.kill()
    assert gone(int(begun.read_text()))


def test_log_is_kept_when_asked(setup: WorkerSetup, sleeper: Backend) -> None:
    worker = WorkerProcess(sleeper, setup)
    assert [worker.keep_log(), worker.keep_log()] == [True, False]
    worker.kill()
    assert worker.log_path.exists()


def test_the_log_of_a_silent_worker_stays_young(
    setup: WorkerSetup, sleeper: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = WorkerProcess(sleeper, setup)
    os.utime(worker.log_path, (0, 0))
    worker.mark_log()
    assert worker.log_path.stat().st_mtime == 0, "marked with every look"
    monkeypatch.setattr(process, "LOG_MARK_S", 0.0)
    worker.mark_log()
    assert time.time() - worker.log_path.stat().st_mtime < 60
    worker.log_path.unlink()
    worker.mark_log()
    assert worker.last_log_lines() == f"{worker.log_path}: its log was removed while it ran"
    worker.kill()


def test_waiting_does_not_count(setup: WorkerSetup, sleeper: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    worker = WorkerProcess(sleeper, setup)
    now_s = 100.0
    with monkeypatch.context() as patch:
        patch.setattr(process, "time", SimpleNamespace(monotonic=lambda: now_s))
        worker.job = a_job()
        worker.send_job()
        assert worker.deadline_s == now_s + worker.job.deadline_s == 160.0
        now_s = 159.0
        worker.pause()
        now_s = 1159.0
        assert not worker.is_late(now_s)
        worker.resume()
        assert [worker.is_late(at_s) for at_s in (now_s, now_s + 1.0, now_s + 1.1)] == [False, False, True]
    worker.kill()


def test_time_in_which_nobody_looked_does_not_count(setup: WorkerSetup, sleeper: Backend) -> None:
    worker = WorkerProcess(sleeper, setup)
    worker.deadline_s = 10.0
    worker.note_look(process.UNWATCHED_S)
    assert worker.deadline_s == 10.0
    worker.note_look(3600.0)
    assert [worker.is_late(now_s) for now_s in (3610.0, 3611.0)] == [False, True]
    worker.pause()
    worker.note_look(3600.0)
    assert worker.deadline_s == 3610.0, "counted twice: once more when the clock goes on"
    worker.kill()


def test_a_stall_does_not_count_and_reading_does(
    setup: WorkerSetup, sleeper: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker, waits = WorkerProcess(sleeper, setup), iter((True, True, False, True, True, True, True, False))
    monkeypatch.setattr(WorkerProcess, "waits_for_disk", lambda _: next(waits))
    worker.deadline_s = 10.0
    found = []
    for _ in range(8):
        worker.note_look(1.25)
        found.append((worker.deadline_s, worker.is_late(11.0)))
    assert found == [*[(10.0, False)] * 2, (10.0, True), *[(10.0, False)] * 2, (13.75, False), *[(15.0, False)] * 2]
    assert (worker.stalled_s, worker.is_late(15.0), worker.is_late(15.1)) == (5.0, False, True)
    worker.kill()


def test_program_that_is_not_there(setup: WorkerSetup, tmp_path: Path) -> None:
    with pytest.raises(BackendError, match=r"no-python: cannot be started \(No such file or directory\)"):
        WorkerProcess(Backend(str(tmp_path / "no-python")), setup)


def test_a_cache_or_a_temporary_folder_that_cannot_be_written_is_named(
    setup: WorkerSetup, sleeper: Backend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "absent"))
    with pytest.raises(
        StoreError, match=r"absent: no scratch folder can be made \(No such file or directory\); TMPDIR"
    ):
        WorkerProcess(sleeper, setup)
    (tmp_path / "cache").write_text("a file in place of the folder")
    with pytest.raises(StoreError, match=r"the cache cannot be written .*; HARNESS_CACHE names another place"):
        WorkerProcess(sleeper, replace(setup, cache=str(tmp_path / "cache")))


def test_what_a_worker_prints_goes_elsewhere_where_the_cache_is_read_only(
    setup: WorkerSetup, sleeper: Backend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def refuse(path: Path, *_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "touch", refuse)
        worker = WorkerProcess(sleeper, setup)
    assert worker.log_path.parent == tmp_path
    assert worker.log_path.name.startswith("harness-")
    worker.kill()
    assert not worker.log_path.exists()
