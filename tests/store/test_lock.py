from __future__ import annotations

import errno
import multiprocessing
import os
import signal
import socket
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.errors import IncompleteError, StoreError
from harness.store import lock
from harness.store.lock import ExclusiveLock


def test_one_holder_at_a_time(tmp_path: Path) -> None:
    first, second = ExclusiveLock(tmp_path / "l"), ExclusiveLock(tmp_path / "l")
    assert first.acquire()
    assert not second.acquire()
    assert second.holder() == f"process {os.getpid()}"
    first.release()
    first.release()
    assert second.acquire()
    second.release()


def test_waiting_ends_when_the_holder_releases(tmp_path: Path) -> None:
    first = ExclusiveLock(tmp_path / "l")
    assert first.acquire()
    taken = threading.Event()

    def wait() -> None:
        with ExclusiveLock(tmp_path / "l"):
            taken.set()

    thread = threading.Thread(target=wait)
    thread.start()
    assert not taken.wait(0.1)
    first.release()
    thread.join(5)
    assert taken.is_set()


def _refuse(code: int) -> Callable[[int, int], None]:
    def flock(fd: int, kind: int) -> None:
        raise OSError(code, os.strerror(code))

    return flock


@pytest.fixture(params=["no platform", errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOLCK])
def _without_locks(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """A platform, or a file system, where the kernel has no locks."""
    if isinstance(request.param, int):
        monkeypatch.setattr("fcntl.flock", _refuse(request.param))
    else:
        monkeypatch.setattr(lock, "fcntl", None)


@pytest.mark.usefixtures("_without_locks")
def test_a_marker_stands_in_for_locks(tmp_path: Path) -> None:
    first, second = ExclusiveLock(tmp_path / "l"), ExclusiveLock(tmp_path / "l")
    assert first.acquire()
    assert not second.acquire()
    assert second.holder() == f"process {os.getpid()}"
    assert second.is_held_by_the_living()
    assert not first.keep()
    first.release()
    assert not first.marker.exists()
    with second:
        assert second.marker.exists()
    assert [path.name for path in tmp_path.iterdir()] == ["l"]


@pytest.mark.usefixtures("_without_locks")
def test_the_marker_of_a_dead_process_is_taken_over(tmp_path: Path) -> None:
    child = multiprocessing.get_context("fork").Process(target=_die_holding, args=(tmp_path / "l",))
    child.start()
    child.join(30)
    taken = ExclusiveLock(tmp_path / "l")
    assert taken.marker.exists()
    assert taken.acquire()
    taken.release()


def _die_holding(path: Path) -> None:
    held = ExclusiveLock(path)
    assert held.acquire()
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.usefixtures("_without_locks")
def test_one_process_at_a_time_counts(tmp_path: Path) -> None:
    """Each of them reads, waits and writes: without exclusion they overwrite each other's count."""
    (tmp_path / "count").write_text("0")
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=_count, args=(tmp_path, 10)) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0] * 4
    assert (tmp_path / "count").read_text() == "40"


def _count(folder: Path, times: int) -> None:
    for _ in range(times):
        with ExclusiveLock(folder / "l"):
            count = int((folder / "count").read_text())
            os.sched_yield()
            (folder / "count").write_text(str(count + 1))


@pytest.mark.usefixtures("_without_locks")
def test_a_removed_marker_is_made_again_or_lost(tmp_path: Path) -> None:
    held = ExclusiveLock.hold(tmp_path)
    held.marker.unlink()
    assert held.keep()
    held.marker.unlink()
    other = ExclusiveLock.hold(tmp_path)
    with pytest.raises(IncompleteError, match="another run"):
        held.keep()
    held.release()
    assert other.marker.exists()
    other.release()


def test_who_can_lock_and_who_cannot_exclude_each_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two nodes may have mounted one folder in two ways."""
    kernel, marker = ExclusiveLock(tmp_path / "l"), ExclusiveLock(tmp_path / "l")
    assert kernel.acquire()
    with monkeypatch.context() as patch:
        patch.setattr(lock, "fcntl", None)
        assert not marker.acquire()
    kernel.release()
    with monkeypatch.context() as patch:
        patch.setattr(lock, "fcntl", None)
        assert marker.acquire()
    assert not kernel.acquire()
    with monkeypatch.context() as patch:
        patch.setattr(lock, "fcntl", None)
        marker.release()
    assert kernel.acquire()
    kernel.release()


@pytest.mark.parametrize("has_locks", [True, False])
def test_a_holder_on_another_machine_is_named_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_locks: bool
) -> None:
    here = socket.gethostname()
    if not has_locks:
        monkeypatch.setattr(lock, "fcntl", None)
    held = ExclusiveLock.hold(tmp_path)
    signed = held.path if has_locks else held.marker
    signed.write_text(signed.read_text().replace(here, "node7"))
    assert ExclusiveLock(held.path).is_held_by_the_living()
    with pytest.raises(StoreError) as caught:
        ExclusiveLock.hold(tmp_path)
    assert f"another run (process {os.getpid()} on node7" in str(caught.value)
    assert f"if node7 does not run it any more, remove {signed}" in str(caught.value)
    signed.unlink()
    taken = ExclusiveLock.hold(tmp_path)
    taken.release()
    held.release()


def test_a_long_wait_is_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(lock, "NOTICE_S", 0.0)
    held, tried = ExclusiveLock(tmp_path / "l"), [0]
    assert held.acquire()

    def pause(seconds: float) -> None:
        tried[0] += 1
        if tried[0] == 3:
            held.release()

    monkeypatch.setattr("harness.store.lock.time.sleep", pause)
    with ExclusiveLock(tmp_path / "l"):
        pass
    assert [record.getMessage() for record in caplog.records] == [
        f"harness: waiting for process {os.getpid()}, which holds {tmp_path / 'l'}"
    ]


def test_other_refusals_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=r"file: cannot be locked \((File exists|Not a directory)\)"):
        ExclusiveLock(tmp_path / "file" / "l").acquire()
    monkeypatch.setattr("fcntl.flock", _refuse(errno.EIO))
    with pytest.raises(StoreError, match=r"cannot be locked \(Input/output error\)"):
        ExclusiveLock(tmp_path / "l").acquire()


@pytest.mark.parametrize("umask", [0o002, 0o077])
def test_a_lock_has_the_access_that_the_umask_grants(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        with ExclusiveLock(tmp_path / "l"):
            assert stat.S_IMODE((tmp_path / "l").stat().st_mode) == 0o666 & ~umask
    finally:
        os.umask(before)


def test_a_lock_given_back_names_nobody(tmp_path: Path) -> None:
    with ExclusiveLock(tmp_path / "l"):
        pass
    assert ExclusiveLock(tmp_path / "l").holder() == "unknown process"


def test_a_lock_whose_file_was_removed_is_taken_again(tmp_path: Path) -> None:
    held = ExclusiveLock.hold(tmp_path)
    assert not held.keep()
    held.path.unlink()
    assert held.keep()
    with pytest.raises(StoreError, match=rf"another run \(process {os.getpid()}\)"):
        ExclusiveLock.hold(tmp_path)
    held.release()


def test_a_lock_that_another_took_meanwhile_is_lost(tmp_path: Path) -> None:
    held = ExclusiveLock.hold(tmp_path)
    held.path.unlink()
    other = ExclusiveLock.hold(tmp_path)
    with pytest.raises(IncompleteError, match=r"\.lock: was removed while this run held it, and another run"):
        held.keep()
    held.release()
    other.release()
