"""What a stage may leave behind in the process that later cells use: undone where that can be, else found out."""

from __future__ import annotations

import contextlib
import os
import random
import sys
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager

import psutil

from harness.errors import ChainError
from harness.library_functions import LibraryFunctions
from harness.memory import descendants
from harness.process_state import ProcessSettings

_SEEDED = ("numpy", "torch", "tensorflow")
_CHILD_EXIT = 70
_SERVICES = ("resource_tracker", "forkserver")
"""Processes of `multiprocessing` that serve every later pool and hold nothing of a cell."""
_END_S = 5.0
_LOOKS, _BETWEEN_S = 100, 0.001
"""How often a process without a command line is looked at: a machine that is busy holds both up, and counts no look."""


class PatchedLibraryError(ChainError):
    """A stage replaced a function that every later cell of the process would call."""


class ProcessState:
    """The state of this process before its first cell, which the code of a stage is held against.

    `metrics_are_ours`: after its last stage no code of others runs in a cell.
    """

    def __init__(self, *, metrics_are_ours: bool = False) -> None:
        self._process = os.getpid()
        self._seed = 0
        self._metrics_are_ours = metrics_are_ours
        self._is_untouched = False
        self._settings = ProcessSettings()
        self._settings.watch_imports(lambda module: _seed_library(module, self._seed))
        self._functions = LibraryFunctions()

    @contextmanager
    def guarded(self, stage: str, seed: int) -> Iterator[None]:
        """Run the code of a stage, with global random states that depend on nothing that ran before.

        A process that the stage forked and that leaves this code ends, without a word: it has the worker's pipes and
        would answer for it. What the stage changes of the process (`ProcessSettings`) is set back.

        Raises:
            PatchedLibraryError: the stage has replaced a function of a library; this process is of no use any more.
        """
        self._seed = seed
        self._is_untouched = False
        with self._settings.kept():
            random.seed(seed)
            for module in _SEEDED:
                if module in sys.modules:
                    _seed_library(module, seed)
            try:
                yield
            finally:
                if os.getpid() != self._process:
                    os._exit(_CHILD_EXIT)
        patched = self.patched()
        if patched:
            raise PatchedLibraryError(
                f"stage '{stage}' replaced {patched} for the whole process, which later cells use; accepted: a stage "
                "that changes nothing outside itself"
            )
        self._is_untouched = self._metrics_are_ours

    def spoilt(self) -> str:
        """Return what a stage has changed that later cells would feel and nobody can set back, "" if nothing."""
        patched = "" if self._is_untouched else self.patched()
        return ", ".join(filter(None, (*self._settings.lasting, patched)))

    def patched(self) -> str:
        """Return the dotted name of a function that is not what it was, "" if there is none."""
        return next(self._functions.replaced(), "")


def end_children(spared: Collection[int]) -> list[int]:
    """End the processes that were started here and still run, with what they started; return their ids.

    Spared are those named and the services of `multiprocessing`.
    """
    ended = []
    for pid in descendants(os.getpid(), spared):
        with contextlib.suppress(psutil.NoSuchProcess):
            process = psutil.Process(pid)
            if process.status() != psutil.STATUS_ZOMBIE and not _is_service(process):
                process.kill()
                ended.append(process)
    psutil.wait_procs(ended, timeout=_END_S)
    return [process.pid for process in ended]


def _is_service(process: psutil.Process) -> bool:
    """Return whether a process is a service; one that is just starting has no command line for a moment."""
    for _ in range(_LOOKS):
        if arguments := process.cmdline():
            return any(name in argument for argument in arguments for name in _SERVICES)
        time.sleep(_BETWEEN_S)
    return False


def _seed_library(module: str, seed: int) -> None:
    """Seed the generators of a library that a stage may use although it is given one."""
    library = sys.modules[module]
    if module == "numpy":
        library.random.seed(seed % 2**32)
    elif module == "torch":
        library.manual_seed(seed % 2**63)
    elif module == "tensorflow":
        library.random.set_seed(seed % 2**63)
