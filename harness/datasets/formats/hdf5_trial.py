"""HDF5 files that no checksum vouches for, opened and read in a process of its own before they are here.

HDF5 takes much of a file as it stands: where bytes of it are damaged, its library can crash or turn in a circle for
ever. `python -m harness.datasets.formats.hdf5_trial` is that process: it reads what it is told on its standard input.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from types import TracebackType

from harness.datasets.formats.hdf5 import open_hdf5
from harness.errors import DataError, HarnessError
from harness.interpreters import import_variables, signal_name

MOST_BYTES_READ = 1 << 26
"""Size up to which an array is read whole; of a larger one, which takes its time, what describes it is read."""
MOST_S, BYTES_A_SECOND = 60.0, 10e6
"""Processor time that a file may take: so much, and more for a large one, whose chunks are looked at one by one."""
_CRASHES = frozenset(("SIGSEGV", "SIGBUS", "SIGABRT", "SIGFPE", "SIGILL", "SIGTRAP"))
"""How a library ends its process; other signals come from others."""
_END = "end"


class Trial:
    """A process that reads HDF5 files, from the first of them to the end of `with`."""

    def __init__(self) -> None:
        self.owner = os.getpid()
        self._process: subprocess.Popen[str] | None = None
        self._asked = 0

    def __enter__(self) -> Trial:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            if kind is not None:  # as at Ctrl-C: what it reads may take long
                self._process.kill()
            self._process.communicate(f"{_END}\n")

    def require_readable(self, path: Path, key: str) -> None:
        """Raise `DataError` if the library does not survive, or does not end, while it reads a dataset of a file.

        Raises `HarnessError` where the process cannot be started, or somebody else ends it.
        """
        process = self._process or self._started()
        limit_s = MOST_S + path.stat().st_size / BYTES_A_SECOND
        if self._is_answered(process, str(path.absolute()), key, limit_s):
            return
        self._process = None
        ended = _ended(process)
        if ended == "SIGXCPU":
            raise DataError(
                f"{path}: not readable as HDF5: its library does not come to an end in {limit_s:.0f} s of processor "
                "time; it is damaged, or of very many parts"
            )
        if ended in _CRASHES or process.returncode >= 0:
            raise DataError(f"{path}: damaged HDF5: its library crashes when it reads this ({ended})")
        raise HarnessError(
            f"{path}: the process that read this was ended by {ended} (by hand, or by the kernel when memory ran out)"
        )

    def _started(self) -> subprocess.Popen[str]:
        command = [sys.executable, "-P", "-m", __name__]
        try:
            self._process = process = subprocess.Popen(
                command,
                env={**os.environ, **import_variables()},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,  # what a library says when it crashes says nothing of the file
                text=True,
            )
        except OSError as error:
            raise HarnessError(f"{command[0]}: cannot be started to read HDF5 ({error.strerror})") from error
        if not self._is_answered(process):
            self._process = None
            raise HarnessError(f"{command[0]}: did not start to read HDF5: {_ended(process)}")
        return process

    def _is_answered(self, process: subprocess.Popen[str], *asked: str | float) -> bool:
        """Ask something, and return whether the process answers: with the number of what it is asked, on some line."""
        assert process.stdin is not None
        assert process.stdout is not None
        self._asked += 1
        with suppress(BrokenPipeError):
            process.stdin.write(f"{json.dumps([self._asked, *asked])}\n")
            process.stdin.flush()
        return any(line.strip() == str(self._asked) for line in iter(process.stdout.readline, ""))


def _ended(process: subprocess.Popen[str]) -> str:
    """Return how a process has ended."""
    process.communicate()
    code = process.returncode
    return signal_name(-code) if code < 0 else f"exit code {code}"


_KEPT: ContextVar[Trial | None] = ContextVar("kept", default=None)


@contextmanager
def one_trial() -> Iterator[None]:
    """Have one process read all files that are tried meanwhile: to start one takes as long as many files."""
    with Trial() as trial:
        token = _KEPT.set(trial)
        try:
            yield
        finally:
            _KEPT.reset(token)


def require_readable(path: Path, key: str) -> None:
    """Raise what `Trial.require_readable` raises; of `one_trial`, where this is within one."""
    kept = _KEPT.get()
    if kept is not None and kept.owner == os.getpid():  # a forked process has the pipes of its parent
        kept.require_readable(path, key)
        return
    with Trial() as trial:
        trial.require_readable(path, key)


def serve() -> None:
    """Read what the lines of the standard input name, and answer each."""
    import h5py  # type: ignore[import-untyped]  # noqa: F401  (whoever asks is told at once that it is not here)

    answers = os.fdopen(os.dup(1), "w")  # whatever else is printed is no answer
    os.dup2(2, 1)
    for line in iter(sys.stdin.readline, f"{_END}\n"):
        if not line:
            return
        number, *asked = json.loads(line)
        if asked:
            path, key, limit_s = asked
            _limit(limit_s)
            with suppress(Exception):  # who asks reads it, too, and says what it is
                _read(Path(path), key)
        answers.write(f"{number}\n")
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
