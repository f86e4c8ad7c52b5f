"""Streams whose readers leave, that refuse, and that were never there."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TextIO

import pytest

from harness.errors import StoreError
from harness.streams import mention, open_closed_streams, say

FULL = Path("/dev/full")


@pytest.fixture
def left() -> Iterator[TextIO]:
    """A pipe that nobody reads any more."""
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as stream:
        yield stream


@pytest.mark.parametrize("write", [say, mention])
def test_a_reader_that_has_left_ends_nothing(left: TextIO, write: Callable[[TextIO, str], None]) -> None:
    write(left, "a line\n")
    write(left, "another line\n")
    left.write("and one that is flushed at the end\n")


@pytest.mark.skipif(not FULL.is_char_device(), reason="this system has no device that is always full")
def test_a_full_disk_is_said_of_results_alone() -> None:
    with FULL.open("w") as stream, pytest.raises(StoreError, match=r"/dev/full: cannot be written \(No space left"):
        say(stream, "a result")
    with FULL.open("w") as stream:
        mention(stream, "progress")
        mention(stream, "more of it")


def test_streams_that_were_closed_lead_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    open_closed_streams()
    with sys.stdout as opened:
        assert opened.name == os.devnull
        opened.write("a line\n")
