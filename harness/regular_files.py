"""Files that are read to their end: a pipe that nobody writes to has none, and is not waited for."""

from __future__ import annotations

import errno
import stat
from pathlib import Path


def require_regular(path: Path) -> None:
    """Raise `OSError` for what is neither a regular file nor a folder: a pipe, a socket, a device.

    Opening a folder says by itself that it is one; so does a path that is not there.
    """
    mode = path.stat().st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise OSError(errno.EINVAL, "not a regular file", str(path))


def read_regular(path: Path) -> bytes:
    """Return the bytes of a regular file; raises `OSError`."""
    require_regular(path)
    return path.read_bytes()
