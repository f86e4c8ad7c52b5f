from __future__ import annotations

import os

import pytest

from harness.jobs.channel import Inbox, messages, send


def test_messages_arrive_whole_and_in_order() -> None:
    read, write = os.pipe()
    inbox = Inbox(read)
    send(write, {"a": 1})
    os.write(write, b'{"b": ')
    assert inbox.read() == [{"a": 1}]
    os.write(write, b'2}\n{"c": "\xc3\xa4"}\n')
    assert inbox.read() == [{"b": 2}, {"c": "ä"}]
    os.close(write)
    assert inbox.read() == []
    assert inbox.is_closed
    os.close(read)


def test_waiting_reader_ends_with_the_pipe() -> None:
    read, write = os.pipe()
    send(write, {"a": float("nan")})
    os.close(write)
    (message,) = messages(read)
    assert message["a"] != message["a"]


def test_writing_to_nobody_is_an_error() -> None:
    read, write = os.pipe()
    os.close(read)
    with pytest.raises(BrokenPipeError):
        send(write, {})
    os.close(write)
