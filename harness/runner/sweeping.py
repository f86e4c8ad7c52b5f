"""What killed runs left in the cache and the temporary folder, removed when the next run begins."""

from __future__ import annotations

import contextlib
import re
import shutil
import tempfile
import time
from pathlib import Path

import psutil

from harness.runner.process import LOGS, SCRATCH
from harness.worker.cache import StageCache
from harness.worker.folders import STALE_S
from harness.worker.models import ModelStore

LOG_S = 14 * 24 * 3600.0
"""How long the log of a worker is kept that failed, or whose run was killed."""
_OWNED = re.compile(rf"{SCRATCH}([0-9]{{1,9}})-.*")


def sweep(cache: Path) -> None:
    """Remove what killed runs left behind a while ago; what cannot be removed stays, without a word."""
    StageCache(cache).sweep()
    ModelStore(cache).sweep()
    _sweep_scratch()
    _sweep_logs(cache / LOGS)


def _sweep_scratch() -> None:
    for folder in _entries(Path(tempfile.gettempdir())):
        owner = _OWNED.fullmatch(folder.name)
        if owner and _is_older(folder, STALE_S) and not psutil.pid_exists(int(owner[1])):
            shutil.rmtree(folder, ignore_errors=True)


def _sweep_logs(folder: Path) -> None:
    for log in _entries(folder):
        if log.suffix == ".log" and _is_older(log, LOG_S):
            with contextlib.suppress(OSError):  # another run was faster, or it is another user's
                log.unlink()


def _entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:  # not there, or another user's
        return []


def _is_older(path: Path, seconds: float) -> bool:
    try:
        return time.time() - path.lstat().st_mtime > seconds
    except OSError:  # another run was faster
        return False
