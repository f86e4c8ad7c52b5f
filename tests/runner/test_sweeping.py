from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

import pytest

from harness.runner.sweeping import sweep

GONE = 2**22 + 1


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """The temporary folder and the cache."""
    temporary, cache = tmp_path / "tmp", tmp_path / "cache"
    for folder in (temporary, cache / "logs", cache / "models" / "ab"):
        folder.mkdir(parents=True)
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    return temporary, cache


def aged(path: Path, days: float) -> Path:
    """Make a folder (a file, if its name has a suffix that is no draft's) that old."""
    if path.suffix in ("", ".partial"):
        path.mkdir()
    else:
        path.write_text("x")
    os.utime(path, (time.time() - days * 86400,) * 2)
    return path


def test_scratch_of_killed_runs_goes_and_what_is_foreign_stays(places: tuple[Path, Path]) -> None:
    temporary, cache = places
    old = aged(temporary / f"harness-worker-{GONE}-a", 2)
    kept = [
        aged(temporary / f"harness-worker-{os.getpid()}-b", 2),
        aged(temporary / f"harness-worker-{GONE}-c", 0),
        aged(temporary / "harness-worker-x", 2),
        aged(temporary / "harness-worker-\u00b2-d", 2),
        aged(temporary / f"harness-worker-{10**30}-e", 2),
        aged(temporary / "another", 2),
    ]
    loop = temporary / f"harness-worker-{GONE}-loop"
    loop.symlink_to(loop)
    sweep(cache)
    assert not old.exists()
    assert all(path.exists() for path in kept)


def test_old_logs_and_drafts_go(places: tuple[Path, Path]) -> None:
    _, cache = places
    gone = [aged(cache / "logs" / "a.log", 20), aged(cache / "models" / "ab" / "abc.partial", 2)]
    kept = [aged(cache / "logs" / "b.log", 2), aged(cache / "models" / "ab" / "abd.partial", 0.5)]
    sweep(cache)
    assert not any(path.exists() for path in gone)
    assert all(path.exists() for path in kept)
    sweep(cache / "absent")
