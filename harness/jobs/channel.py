"""JSON lines over a pair of pipes that belong to nothing but this: libraries may print what they like elsewhere."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from typing import Any

from harness.store.files import write_all


def send(fd: int, message: Mapping[str, Any]) -> None:
    """Write one message; raises `BrokenPipeError` if nobody reads any more."""
    write_all(fd, json.dumps(message, separators=(",", ":")).encode() + b"\n")


def messages(fd: int) -> Iterator[dict[str, Any]]:
    """Yield messages until the other end is closed, waiting for each."""
    with os.fdopen(fd, "rb") as stream:
        for line in stream:
            yield json.loads(line)


class Inbox:
    """Messages of a pipe that is read only when it has something."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self.is_closed = False
        self._rest = b""

    def read(self) -> list[dict[str, Any]]:
        """Return the messages that are complete; sets `is_closed` when the other end is closed."""
        chunk = os.read(self.fd, 1 << 16)
        self.is_closed = not chunk
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        return [json.loads(line) for line in lines]
