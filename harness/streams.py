"""Writing to a stream whose reader may leave: what is at work goes on, and its exit code stands."""

from __future__ import annotations

import os
import sys
from typing import TextIO

from harness.errors import StoreError


def say(stream: TextIO, text: str) -> None:
    """Write a text and flush it.

    Where nobody reads any more, as after `harness run … | head -1`, this and all that follows goes nowhere. Raises
    `StoreError` for a stream that refuses for another reason, as a file on a full disk does.
    """
    try:
        stream.write(text)
        stream.flush()
    except BrokenPipeError:
        _silence(stream)
    except OSError as error:
        _silence(stream)
        raise StoreError(f"{stream.name}: cannot be written ({error.strerror})") from error


def mention(stream: TextIO, text: str) -> None:
    """Write what is no result, and flush it; where it cannot be written, this and all that follows goes nowhere."""
    try:
        stream.write(text)
        stream.flush()
    except OSError:  # nobody is left to be told, and what is at work does not depend on it
        _silence(stream)


def open_closed_streams() -> None:
    """Give a process that was started without standard output or error (`>&-`) ones that lead nowhere."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123 - for as long as it runs


def _silence(stream: TextIO) -> None:
    """Let a stream end nowhere, so that neither later lines nor the flush at exit fail."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
