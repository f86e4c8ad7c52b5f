from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import pytest

from harness.errors import IncompleteError, StoreError
from harness.store import lock
from harness.store.lock import ExclusiveLock


def test_one_holder_at_a_time(tmp_path: Path) -> None:
    first, second = ExclusiveLock(tmp_path / "l"), ExclusiveLock(tmp_path / "l")
    assert first.acquire()
    assert not second.acquire()
    assert second.holder() == str(os.getpid())
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


@pytest.mark.parametrize("code", [errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOLCK])
def test_a_file_system_without_locks_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, code: int) -> None:
    def refuse(fd: int, kind: int) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr("fcntl.flock", refuse)
    for take in (ExclusiveLock(tmp_path / "l").acquire, ExclusiveLock(tmp_path / "l").wait):
        with pytest.raises(StoreError, match=r"cannot be locked \(.*\): its file system has no locks"):
            take()


def test_a_platform_without_locks_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(lock, "fcntl", None)
    with pytest.raises(StoreError, match="has no `flock`"):
        ExclusiveLock(tmp_path / "l").acquire()


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
