"""HDF5 files that no checksum vouches for, opened and read in a process of its own before they are here.

HDF5 takes much of a file as it stands: where bytes of it are damaged, its library can crash or turn in a circle for
ever. `python -m harness.datasets.formats.hdf5_trial` is that process: it reads what it is told on its standard input.
"""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from types import TracebackType

from harness.datasets.formats.hdf5 import open_hdf5
from harness.errors import DataError, HarnessError

MOST_BYTES_READ = 1 << 26
"""Size up to which an array is read whole; of a larger one, which takes its time, what describes it is read."""
MOST_S, BYTES_A_SECOND = 10.0, 10e6
"""Processor time that a file may take: so much, and more for a large one, whose chunks are looked at one by one."""
_PACKAGES = Path(__file__).parents[3]


class Trial:
    """A process that reads HDF5 files, from the first of them to the end of `with`."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Trial:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self._process.communicate()  # at the end of what it is told it ends

    def require_readable(self, path: Path, key: str) -> None:
        """Raise `DataError` if the library does not survive, or does not end, while it reads a dataset of a file."""
        process = self._process or self._started()
        limit_s = MOST_S + path.stat().st_size / BYTES_A_SECOND
        if self._answer(process, json.dumps([str(path.absolute()), key, limit_s])):
            return
        self._process = None
        ended = _end(process)
        circle = f"its library does not come to an end in {limit_s:.0f} s of processor time"
        what = circle if ended == "SIGXCPU" else f"its library crashes when it reads this ({ended})"
        raise DataError(f"{path}: damaged HDF5: {what}")

    def _started(self) -> subprocess.Popen[str]:
        paths = (str(_PACKAGES), os.environ.get("PYTHONPATH", ""))
        self._process = process = subprocess.Popen(
            [sys.executable, "-P", "-m", __name__],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in paths if path)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # what a library says when it crashes says nothing of the file
            text=True,
        )
        if not self._answer(process, ""):
            self._process = None
            raise HarnessError(f"the process that reads HDF5 could not be started: {sys.executable}, {_end(process)}")
        return process

    @staticmethod
    def _answer(process: subprocess.Popen[str], line: str) -> str:
        """Return what the process answers; "" if it ended."""
        assert process.stdin is not None
        assert process.stdout is not None
        with suppress(BrokenPipeError):
            process.stdin.write(f"{line}\n")
            process.stdin.flush()
        return process.stdout.readline()


def _end(process: subprocess.Popen[str]) -> str:
    """Return how a process has ended."""
    process.communicate()
    code = process.returncode
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"


_KEPT: list[Trial] = []


@contextmanager
def one_trial() -> Iterator[None]:
    """Have one process read all files that are tried meanwhile: to start one takes as long as many files."""
    with Trial() as trial:
        _KEPT.append(trial)
        try:
            yield
        finally:
            _KEPT.remove(trial)


def require_readable(path: Path, key: str) -> None:
    """Raise `DataError` if HDF5's library does not survive a dataset of a file; asked once per state of the file."""
    stated = path.stat()
    _try(path, key, stated.st_size, stated.st_mtime_ns, stated.st_ino)


@lru_cache(maxsize=1024)
def _try(path: Path, key: str, *state: int) -> None:
    if _KEPT:
        _KEPT[-1].require_readable(path, key)
        return
    with Trial() as trial:
        trial.require_readable(path, key)


def serve() -> None:
    """Read what the lines of the standard input name, and answer each."""
    answers = os.fdopen(os.dup(1), "w")  # whatever else is printed is no answer
    os.dup2(2, 1)
    for line in sys.stdin:
        if line.strip():
            path, key, limit_s = json.loads(line)
            _limit(limit_s)
            with suppress(Exception):  # who asks reads it, too, and says what it is
                _read(Path(path), key)
        answers.write("read\n")
        answers.flush()


def _read(path: Path, key: str) -> None:
    with open_hdf5(path, key) as stored:
        if math.prod(stored.shape) * stored.dtype.itemsize <= MOST_BYTES_READ:
            stored.read(tuple(slice(None) for _ in stored.shape))


def _limit(seconds: float) -> None:
    """End this process after some more seconds of processor time, which a slow disk does not use."""
    try:
        import resource
    except ImportError:  # not on Windows
        return
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    ends_s = math.ceil(time.process_time() + seconds)
    resource.setrlimit(resource.RLIMIT_CPU, (ends_s if most == resource.RLIM_INFINITY else min(ends_s, most), most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


if __name__ == "__main__":
    serve()
