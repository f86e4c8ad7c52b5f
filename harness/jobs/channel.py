"""Lines over a pipe that belongs to nothing but this: libraries may print what they like elsewhere."""

from __future__ import annotations

import os
from collections.abc import Iterator

from harness.jobs.messages import ForeignBytesError
from harness.store.files import write_all

MAX_LINE_BYTES = 64 << 20
"""No message is as long; what is longer was not written by a worker."""
PIPE_LOST = 71
"""Exit code of a worker that finds its pipe closed by the code of a stage."""
_CHUNK_BYTES = 1 << 16


def send(fd: int, line: bytes) -> None:
    """Write one line; raises `BrokenPipeError` if nobody reads any more."""
    write_all(fd, line + b"\n")


def lines(fd: int) -> Iterator[bytes]:
    """Yield lines until the other end is closed, waiting for each."""
    with os.fdopen(fd, "rb") as stream:
        yield from stream


class Inbox:
    """Lines of a pipe that is read only when it has something."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self.is_closed = False
        self._parts: list[bytes] = []
        self._bytes = 0

    def read(self) -> list[bytes]:
        """Return the lines that are complete; sets `is_closed` when the other end is closed.

        Raises `ForeignBytesError` for a line without end.
        """
        chunk = os.read(self.fd, _CHUNK_BYTES)
        self.is_closed = not chunk
        first, *others = chunk.split(b"\n")
        self._parts.append(first)
        self._bytes += len(first)
        if self._bytes > MAX_LINE_BYTES:
            raise ForeignBytesError(f"a line of more than {MAX_LINE_BYTES >> 20} MiB came over the pipe")
        if not others:
            return []
        complete = [b"".join(self._parts), *others[:-1]]
        self._parts, self._bytes = [others[-1]], len(others[-1])
        return complete
