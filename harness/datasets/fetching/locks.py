"""Mutual exclusion of processes by a file, and names of partial files; both with the access that the umask grants."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Hold the lock of a file, which is made if need be; raises `OSError` if it cannot be made."""
    from filelock import FileLock

    path.touch(exist_ok=True)
    with FileLock(path, mode=stat.S_IMODE(path.stat().st_mode)):
        yield


def partial_name(path: Path) -> Path:
    """Return a hidden name beside a path that nobody else uses, for what becomes the path when it is complete."""
    return path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.partial")
