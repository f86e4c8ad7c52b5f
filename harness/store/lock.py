"""An exclusive lock on a folder or file, released by the kernel when its holder dies in whatever way.

Where the platform or the file system has no such locks, a marker beside the file is the lock: whoever makes it first
holds it, and one of a process of this machine that is dead is taken over.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import socket
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from harness.errors import IncompleteError, StoreError
from harness.store.files import is_open_file

if TYPE_CHECKING:
    from filelock import SoftFileLock

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

POLL_S = 0.05
"""How often a waiting process looks whether the lock is free."""
NOTICE_S = 10.0
"""After how long it says what it waits for."""
_NO_LOCKS = frozenset((errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOLCK))


class ExclusiveLock:
    """A lock file held by one process at a time; the file names the holder's process and machine and stays in place.

    The file is never removed: a second process could hold the removed one while a third locks its successor. `marker`
    is what stands in for it without locks of the kernel. Nobody who can lock passes a marker of one who cannot, nor
    the other way round: nodes of a cluster may have mounted one folder in two ways.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.marker = path.with_name(f"{path.name}.held")
        self._fd = -1
        self._is_signed = False
        self._soft: SoftFileLock | None = None
        self._marked: tuple[int, int] | None = None

    def acquire(self) -> bool:
        """Take the lock if it is free and return whether it was; raises `StoreError` where it cannot be taken."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._fd = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o666)
            taken = self._take()
        except OSError as error:
            self.release()
            raise StoreError(f"{self.path.parent}: cannot be locked ({error.strerror or error})") from error
        if not taken:
            self.release()
        return taken

    @classmethod
    def hold(cls, folder: Path) -> ExclusiveLock:
        """Return the lock of a results folder, taken; raises `StoreError` naming the process that holds it."""
        lock = cls(folder / ".lock")
        if not lock.acquire():
            raise StoreError(
                f"{folder}: another run ({lock.holder()}) is writing this folder; wait for it or name another "
                f"results folder{lock.advice()}"
            )
        return lock

    def keep(self) -> bool:
        """Take the lock anew if somebody removed its file, and return whether that was so.

        Raises `IncompleteError` if another process took it in between: the folder is that one's now.
        """
        if self._soft is not None:
            is_there = _identity(self.marker) == self._marked
        else:
            is_there = self._fd >= 0 and is_open_file(self._fd, self.path)
        if is_there:
            return False
        self.release()
        if not self.acquire():
            raise IncompleteError(
                f"{self.path}: was removed while this run held it, and another run ({self.holder()}) has "
                "taken the folder; what this run computes from here on is not stored: run again"
            )
        return True

    def wait(self) -> None:
        """Take the lock, waiting for its holder to release it or to die; a long wait is said once."""
        begun_s, is_said = time.monotonic(), False
        while not self.acquire():
            if not is_said and time.monotonic() - begun_s > NOTICE_S:
                is_said = True
                logging.getLogger("harness").warning(
                    "harness: waiting for %s, which holds %s%s", self.holder(), self.path, self.advice()
                )
            time.sleep(POLL_S)

    def release(self) -> None:
        """Give the lock back; does nothing if it is not held."""
        if self._soft is not None:
            self._soft.release()
            self._soft = None
        if self._fd >= 0:
            if self._is_signed:
                with contextlib.suppress(OSError):  # on a disk that refuses the old name stays, of a dead process soon
                    os.ftruncate(self._fd, 0)
            if fcntl is not None:
                with contextlib.suppress(OSError):  # there are no locks here: closing is all
                    fcntl.flock(self._fd, fcntl.LOCK_UN)  # a process forked meanwhile has the same file open
            os.close(self._fd)
        self._fd, self._is_signed = -1, False

    def holder(self) -> str:
        """Return who holds the lock, as "process 12", and on which machine if it is another one."""
        process, host = self._signature()
        if not process:
            return "unknown process"
        return f"process {process}" if _is_here(host) else f"process {process} on {host}"

    def advice(self) -> str:
        """Return what to do about a holder on another machine, which nobody can look for from here; "" for others."""
        process, host = self._signature()
        if not process or _is_here(host):
            return ""
        held = self.marker if self.marker.exists() else self.path
        return f"; whether it lives cannot be seen from here: if {host} does not run it any more, remove {held}"

    def is_held_by_the_living(self) -> bool:
        """Whether the process that signed the lock lives, as far as this machine can tell.

        The lock itself may be held longer than that: by a process that the holder forked.
        """
        return self.marker.exists() or _lives(*self._signature())  # a marker of the dead would have been taken over

    def __enter__(self) -> ExclusiveLock:
        self.wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def _take(self) -> bool:
        """Take the kernel's lock, or the marker where there is none; a half-taken one is given back by the caller."""
        is_free = self._flock()
        if is_free is None:
            process, host = self._signature(self.path)
            return self._mark() and not (process and _lives(process, host))
        if not is_free or (self.marker.exists() and not self._mark()):
            return False
        if self._soft is not None:  # its holder was dead: the kernel's lock is enough
            self._soft.release()
            self._soft = None
        self._sign()
        return True

    def _flock(self) -> bool | None:
        """Return whether the kernel gave its lock; None where there are none."""
        if fcntl is None:
            return None
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):  # some network file systems say that permission is denied
            return False
        except OSError as error:
            if error.errno in _NO_LOCKS:
                return None
            raise
        return True

    def _mark(self) -> bool:
        """Make the marker and return whether nobody living holds it."""
        from filelock import SoftFileLock, Timeout

        soft = SoftFileLock(self.marker, thread_local=False)
        for _ in range(2):  # the first try may do no more than remove what a dead holder left
            with contextlib.suppress(Timeout):
                soft.acquire(timeout=0)
                self._soft, self._marked = soft, _identity(self.marker)
                return True
        return False

    def _sign(self) -> None:
        os.ftruncate(self._fd, 0)
        os.pwrite(self._fd, f"{os.getpid()}\n{socket.gethostname()}\n".encode(), 0)
        self._is_signed = True

    def _signature(self, path: Path | None = None) -> tuple[str, str]:
        """Return the process id and the machine of the holder, "" while they are being written."""
        try:
            text = (path or (self.marker if self.marker.exists() else self.path)).read_text("utf-8", "replace")
        except FileNotFoundError:  # a marker that was given back this moment
            return "", ""
        process, host, *_ = [*text.strip().split("\n"), ""]
        return process, host


class LockedWriter(ABC):
    """The one writer of a results folder, whose lock it holds until it is closed (a context manager).

    A lock that others remove meanwhile is taken again, and said through `log`.
    """

    def __init__(self, folder: Path, log: Callable[[str], None]) -> None:
        self._log = log
        self._lock = ExclusiveLock.hold(folder)

    @abstractmethod
    def close(self) -> None:
        """Leave the folder whole and give it free."""

    def _keep_lock(self) -> None:
        if self._lock.keep():
            self._log(f"{self._lock.path}: was removed while this run held it; taken again")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.close()
        except StoreError as problem:
            if error is None:
                raise
            error.add_note(str(problem))


def _identity(path: Path) -> tuple[int, int] | None:
    """Return what tells a file from another of its name; None where there is none."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino


def _is_here(host: str) -> bool:
    """Whether a machine is this one; a marker adds the container to its name, after a question mark."""
    return host.partition("?")[0] == socket.gethostname()


def _lives(process: str, host: str) -> bool:
    """Whether a process lives, as far as this machine can tell."""
    if not process.isdigit() or not _is_here(host):
        return True
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it lives, and is another user's
        return True
    return True
