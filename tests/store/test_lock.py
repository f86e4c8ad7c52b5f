from __future__ import annotations

import os
import threading
from pathlib import Path

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
