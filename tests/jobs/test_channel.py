from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.jobs import channel
from harness.jobs.channel import Inbox, lines, send
from harness.jobs.messages import ForeignBytesError


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    read, write = os.pipe()
    yield read, write
    for end in (read, write):
        try:
            os.close(end)
        except OSError:  # the test has closed it
            continue


def test_lines_arrive_whole_and_in_order(pipe: tuple[int, int]) -> None:
    read, write = pipe
    inbox = Inbox(read)
    send(write, b"a")
    os.write(write, b"b")
    assert inbox.read() == [b"a"]
    os.write(write, b"c\n\xc3\xa4\n")
    assert inbox.read() == [b"bc", b"\xc3\xa4"]
    os.close(write)
    assert inbox.read() == []
    assert inbox.is_closed


@given(
    st.lists(st.binary(max_size=20).map(lambda line: line.replace(b"\n", b"")), max_size=8),
    st.integers(1, 9),
)
def test_however_a_line_is_cut_it_arrives_whole(sent: list[bytes], size: int) -> None:
    read, write = os.pipe()
    inbox, received = Inbox(read), []
    content = b"".join(line + b"\n" for line in sent)
    for start in range(0, len(content), size):
        os.write(write, content[start : start + size])
        received += inbox.read()
    os.close(write)
    os.close(read)
    assert received == sent


def test_a_line_without_end_is_no_message(pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    read, write = pipe
    monkeypatch.setattr(channel, "MAX_LINE_BYTES", 1 << 20)
    inbox = Inbox(read)
    for _ in range(64):
        os.write(write, b"x" * (1 << 14))
        assert inbox.read() == []
    os.write(write, b"x")
    with pytest.raises(ForeignBytesError, match="more than 1 MiB"):
        inbox.read()


def test_waiting_reader_ends_with_the_pipe(pipe: tuple[int, int]) -> None:
    read, write = pipe
    send(write, b"a")
    os.close(write)
    assert list(lines(os.dup(read))) == [b"a\n"]


def test_writing_to_nobody_is_an_error(pipe: tuple[int, int]) -> None:
    read, write = pipe
    os.close(read)
    with pytest.raises(BrokenPipeError):
        send(write, b"")
