from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from harness.errors import DataError, StoreError
from harness.hashing import hash_file
from harness.regular_files import read_regular, require_regular
from harness.store.files import read_lines, replace_text
from harness.store.folder import Store


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    """A pipe that nobody writes to: whoever opens it waits for ever."""
    os.mkfifo(tmp_path / "pipe")
    return tmp_path / "pipe"


def test_regular_files_are_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"1")
    (tmp_path / "link").symlink_to(tmp_path / "a")
    assert read_regular(tmp_path / "a") == read_regular(tmp_path / "link") == b"1"
    with pytest.raises(FileNotFoundError):
        read_regular(tmp_path / "absent")
    with pytest.raises(IsADirectoryError):
        read_regular(tmp_path)


def test_what_has_no_end_is_refused(pipe: Path, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(tmp_path / "socket"))
    for path in (pipe, tmp_path / "socket", Path("/dev/zero")):
        with pytest.raises(OSError, match="not a regular file"):
            require_regular(path)
    with pytest.raises(OSError, match="not a regular file"):
        hash_file(pipe)


def test_records_and_tables_that_are_pipes_are_not_waited_for(pipe: Path, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"pipe: cannot be read \(not a regular file\)"):
        read_lines(pipe, lambda data, where: data)
    store = Store(tmp_path, "demo", 1, "smoke")
    (store.folder / "environments").mkdir(parents=True)
    os.mkfifo(store.folder / "environments" / "a.json")
    with pytest.raises(StoreError, match=r"a.json: cannot be read \(not a regular file\)"):
        store.environments()
    replace_text(pipe, "text")
    assert pipe.read_text() == "text"


def test_confidences_that_are_a_pipe_are_not_waited_for(pipe: Path) -> None:
    from harness.cli.confidences import read_confidences

    with pytest.raises(DataError, match=r"cannot be read: .*not a regular file"):
        read_confidences(pipe)
