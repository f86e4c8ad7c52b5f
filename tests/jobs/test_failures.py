from __future__ import annotations

import errno
from pathlib import Path

import pytest

from harness.errors import BackendError, DataError, StoreError
from harness.jobs.failures import (
    MAX_MESSAGE,
    NotApplicableError,
    loss_of,
    machine_places,
    one_line,
    outcome_of,
    status_of,
)


class OutOfMemoryError(RuntimeError):
    """As torch has one."""


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ValueError(), "exception"),
        (DataError(), "exception"),
        (BackendError(), "backend-missing"),
        (ImportError(), "backend-missing"),
        (MemoryError(), "out-of-memory"),
        (OutOfMemoryError(), "out-of-memory"),
        (NotApplicableError(), "not-applicable"),
    ],
)
def test_status(error: Exception, status: str) -> None:
    assert status_of(error) == status


def test_messages_are_one_bounded_line_without_folders_of_the_machine() -> None:
    places = machine_places("/var/cache/x", "/var/cache/x/scratch")
    text = one_line(f"first\n\n  second {Path.home()}/a /var/cache/x/scratch/b /var/cache/x/c", places)
    assert text == "first | second ~/a <scratch>/b <cache>/c"
    assert len(one_line("x" * 2000, places)) == MAX_MESSAGE


def test_messages_are_utf8_and_act_on_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    text = one_line("cannot read Zelle_\udcfc.tif \x1b[31m", {})
    assert text == "cannot read Zelle_\\udcfc.tif \\x1b[31m"
    monkeypatch.setattr("os.path.expanduser", lambda path: path)
    assert "~" not in machine_places("c", "s")


def test_a_working_folder_that_was_removed_has_no_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    assert machine_places("c", "s")[str(tmp_path / "gone")] == "."
    (tmp_path / "gone").rmdir()
    assert "." not in machine_places("c", "s").values()


def test_a_file_system_that_does_not_serve_is_nobodys_fault() -> None:
    stale = StoreError("cannot be read")
    stale.__cause__ = OSError(errno.ESTALE, "Stale file handle")
    full = OSError(errno.ENOSPC, "No space left on device")
    limited = OSError(errno.EFBIG, "File too large")
    for error, kind in ((stale, "FileSystem"), (full, "DiskFull"), (limited, "DiskFull")):
        outcome = outcome_of(error, stage="gasp", places={}, total_s=1.5)
        assert (outcome.status, status_of(error)) == ("lost", "lost")
        assert outcome.error is not None
        assert outcome.error.type == kind
    assert status_of(OSError(errno.ENOENT, "No such file")) == "exception"


def test_outcome_names_type_and_stage() -> None:
    outcome = outcome_of(ValueError("no"), stage="gasp", places={}, total_s=1.5)
    assert outcome.error is not None
    assert (outcome.status, outcome.error.type, outcome.error.stage) == ("exception", "ValueError", "gasp")
    assert (outcome.error.message, outcome.total_s) == ("no", 1.5)


def test_what_a_machine_cannot_do_is_a_loss_whatever_it_is() -> None:
    places = {"/s/x": "<scratch>"}
    for error, told in (
        (StoreError("/s/x/a cannot be written"), ("StoreError", "<scratch>/a cannot be written")),
        (OSError(errno.ENOSPC, "No space left on device"), ("DiskFull", "[Errno 28] No space left on device")),
        (OSError(), ("OSError", "OSError")),
    ):
        outcome = loss_of(error, places=places)
        assert outcome.error is not None
        assert (outcome.status, outcome.error.type, outcome.error.message) == ("lost", *told)
