"""An exclusive lock on a folder or file, released by the kernel when its holder dies in whatever way."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from types import TracebackType

from harness.errors import IncompleteError, StoreError
from harness.store.files import is_open_file

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]


class ExclusiveLock:
    """A lock file held by one process at a time; the file names the holder's process id and stays in place.

    The file is never removed: a second process could hold the removed one while a third locks its successor.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._fd = -1

    def acquire(self) -> bool:
        """Take the lock if it is free and return whether it was."""
        self._open()
        try:
            self._flock(wait=False)
        except BlockingIOError:
            self._close()
            return False
        self._sign()
        return True

    @classmethod
    def hold(cls, folder: Path) -> ExclusiveLock:
        """Return the lock of a results folder, taken; raises `StoreError` naming the process that holds it."""
        lock = cls(folder / ".lock")
        if not lock.acquire():
            raise StoreError(
                f"{folder}: another run (process {lock.holder()}) is writing this folder; "
                "wait for it or name another results folder"
            )
        return lock

    def keep(self) -> bool:
        """Take the lock anew if somebody removed its file, and return whether that was so.

        Raises `IncompleteError` if another process took it in between: the folder is that one's now.
        """
        if self._fd >= 0 and is_open_file(self._fd, self.path):
            return False
        self.release()
        if not self.acquire():
            raise IncompleteError(
                f"{self.path}: was removed while this run held it, and another run (process {self.holder()}) has "
                "taken the folder; what this run computes from here on is not stored: run again"
            )
        return True

    def wait(self) -> None:
        """Take the lock, waiting for its holder to release it or to die."""
        self._open()
        self._flock(wait=True)
        self._sign()

    def release(self) -> None:
        """Give the lock back; does nothing if it is not held."""
        if self._fd >= 0:
            fcntl.flock(self._fd, fcntl.LOCK_UN)  # a process forked meanwhile has the same file open
            self._close()

    def holder(self) -> str:
        """Return the process id of the holder as text ("unknown" while it is being written)."""
        return self._signature()[0] or "unknown"

    def is_held_by_the_living(self) -> bool:
        """Whether the process that signed the lock lives, as far as this machine can tell.

        The lock itself may be held longer than that: by a process that the holder forked.
        """
        process, host = self._signature()
        if not process.isdigit() or host != socket.gethostname():
            return True
        try:
            os.kill(int(process), 0)
        except ProcessLookupError:
            return False
        except PermissionError:  # it lives, and is another user's
            return True
        return True

    def __enter__(self) -> ExclusiveLock:
        self.wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def _signature(self) -> tuple[str, str]:
        """Return the process id and the machine of the holder, "" while they are being written."""
        process, _, host = self.path.read_text(encoding="utf-8", errors="replace").strip().partition("\n")
        return process, host

    def _open(self) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise StoreError(f"{self.path.parent}: cannot be locked ({error.strerror})") from error

    def _flock(self, *, wait: bool) -> None:
        if fcntl is None:
            self._close()
            raise StoreError(f"{self.path.parent}: cannot be locked: this platform has no `flock`; use Linux or macOS")
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise
        except OSError as error:
            self._close()
            raise StoreError(
                f"{self.path.parent}: cannot be locked ({error.strerror}): its file system has no locks; use a local "
                f"folder, or mount it with them (Lustre: `-o flock`; NFS: a lock manager)"
            ) from error

    def _sign(self) -> None:
        try:
            os.ftruncate(self._fd, 0)
            os.pwrite(self._fd, f"{os.getpid()}\n{socket.gethostname()}\n".encode(), 0)
        except OSError as error:
            self._close()
            raise StoreError(f"{self.path.parent}: cannot be locked ({error.strerror})") from error

    def _close(self) -> None:
        os.close(self._fd)
        self._fd = -1
