"""Memory and processor time of a process tree, and the memory of its device."""

from __future__ import annotations

import contextlib
import math
import mmap
import os
import threading
import time
from collections.abc import Collection, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import psutil

from harness.clock import Clock, torch_on

_PROC = Path("/proc")
_HAS_PROC = (_PROC / "self" / "statm").exists()
IDLE_PAUSE_S = 0.05 if _HAS_PROC else 0.01
"""How often the thread that samples looks for something to sample: more often where the kernel keeps no peak."""
IDLE_S = 1.0
"""After how long with nothing to sample it ends."""


class TreeMemory:
    """Resident memory of a process and its descendants; pages that several of them share count in each.

    Descendants are looked up again only every `refresh_s`, which keeps a reading at some ten microseconds.
    """

    def __init__(
        self, pid: int, *, ignore: frozenset[int] = frozenset(), refresh_s: float = 0.1, clock: Clock = time.monotonic
    ) -> None:
        self.pid = pid
        self._ignore = ignore
        self._refresh_s = refresh_s
        self._clock = clock
        self._next_s = -math.inf
        self.descendants: tuple[int, ...] = ()

    def read_bytes(self) -> int:
        """Return the bytes resident now; 0 once the process is gone."""
        now = self._clock()
        if now >= self._next_s:
            self.descendants = tuple(descendants(self.pid, self._ignore))
            self._next_s = now + self._refresh_s
        return sum(_resident_bytes(pid) for pid in (self.pid, *self.descendants))

    def look_up(self) -> None:
        """Look for descendants now.

        A process that has just ended names none: those of a look less than `refresh_s` ago are kept then, and none that
        are older, for their numbers may be of others by now.
        """
        found = tuple(descendants(self.pid, self._ignore))
        if found or self._clock() >= self._next_s:
            self.descendants = found


class Usage:
    """What this process tree and the device use between `with` and its end.

    `peak_bytes` is the larger of the kernel's own high-water mark of this process, where it can be reset, and the
    largest sampled sum over the tree (every 10 ms while there are child processes). `cpu_s` is the processor time of
    all threads of the tree, in seconds, also of children that have ended and were waited for. `device_peak_bytes` is
    what torch had allocated at most; None where it allocated nothing, for what another library takes of the same GPU,
    as TensorFlow does, it cannot tell.
    """

    def __init__(self, *, device: str = "cpu", ignore: frozenset[int] = frozenset()) -> None:
        self.peak_bytes = 0
        self.device_peak_bytes: int | None = None
        self.cpu_s = 0.0
        self._device = device
        self._tree = TreeMemory(os.getpid(), ignore=ignore, refresh_s=0.05)
        self._has_mark = False
        self._allocations = 0

    def __enter__(self) -> Usage:
        torch = torch_on(self._device)
        if torch is not None:
            torch.cuda.reset_peak_memory_stats()
            self._allocations = _allocations(torch)
        self._has_mark = _reset_high_water_mark()
        self.sample()
        self.cpu_s = -self._processor_s()
        _WATCHER.watch(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _WATCHER.leave(self)
        self.sample()
        self.cpu_s += self._processor_s()
        if self._has_mark:
            self.peak_bytes = max(self.peak_bytes, _high_water_mark_bytes())
        torch = torch_on(self._device)
        if torch is not None and _allocations(torch) > self._allocations:
            self.device_peak_bytes = int(torch.cuda.max_memory_allocated())

    def sample(self) -> None:
        """Read the memory of the tree now."""
        self.peak_bytes = max(self.peak_bytes, self._tree.read_bytes())

    @property
    def pause_s(self) -> float:
        """Seconds until the tree is read again: the kernel keeps the peak of this process, that of children nobody."""
        return 0.01 if self._tree.descendants or not self._has_mark else 0.05

    def _processor_s(self) -> float:
        """Return the seconds that the tree has used so far: each process counts the children it waited for."""
        seconds = sum(os.times()[:4])  # user, system, and the same of children
        for pid in self._tree.descendants:
            with contextlib.suppress(psutil.NoSuchProcess):  # it ended meanwhile, and its parent counts it
                seconds += sum(psutil.Process(pid).cpu_times()[:4])
        return seconds


def _allocations(torch: Any) -> int:
    """Return how often torch was asked for memory of the device since the process began."""
    return int(torch.cuda.memory_stats().get("allocation.all.allocated", 0))


class _Watcher:
    """The one thread that samples what is being watched; it ends when nothing was for a while.

    A thread of its own for each call of a stage would take as long as many a stage.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._watched: list[Usage] = []
        self._thread = threading.Thread()

    def watch(self, usage: Usage) -> None:
        """Sample a usage now and then from now on."""
        with self._lock:
            self._watched.append(usage)
            if not self._thread.is_alive():
                self._thread = threading.Thread(target=self._work, name="usage", daemon=True)
                self._thread.start()

    def leave(self, usage: Usage) -> None:
        """Sample a usage no more: it is not being sampled either when this returns."""
        with self._lock:
            self._watched.remove(usage)

    def _work(self) -> None:
        idle_s, pause_s = 0.0, IDLE_PAUSE_S
        while True:
            time.sleep(pause_s)
            with self._lock:
                for usage in self._watched:
                    usage.sample()
                idle_s = 0.0 if self._watched else idle_s + pause_s
                pause_s = min((usage.pause_s for usage in self._watched), default=IDLE_PAUSE_S)
                if idle_s > IDLE_S:
                    self._thread = threading.Thread()
                    return


_WATCHER = _Watcher()


def descendants(pid: int, ignore: Collection[int] = ()) -> list[int]:
    """Return the processes that a process has started, and those that they have; zombies are among them.

    Those to ignore are left out, with what they have started.
    """
    if not _HAS_PROC:
        return list(_descendants_elsewhere(pid, ignore))
    found: list[int] = []
    threads = f"{_PROC}/{pid}/task"  # plain texts: this is asked several times for each cell
    with contextlib.suppress(OSError):  # the process, or one of its threads, ended meanwhile
        for thread in os.listdir(threads):  # noqa: PTH208
            with contextlib.suppress(OSError):
                children = [int(child) for child in _read(f"{threads}/{thread}/children").split()]
                for child in children:
                    if child not in ignore:
                        found += (child, *descendants(child, ignore))
    return found


def _descendants_elsewhere(pid: int, ignore: Collection[int]) -> Iterator[int]:
    with contextlib.suppress(psutil.NoSuchProcess):
        for child in psutil.Process(pid).children():
            if child.pid not in ignore:
                yield child.pid
                yield from _descendants_elsewhere(child.pid, ignore)


def _read(path: str) -> bytes:
    """Return what a small file of the kernel says, without the layers of a file object."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return b"".join(iter(lambda: os.read(handle, 1 << 16), b""))
    finally:
        os.close(handle)


def _resident_bytes(pid: int) -> int:
    try:
        if _HAS_PROC:
            return int(_read(f"{_PROC}/{pid}/statm").split()[1]) * mmap.PAGESIZE
        return int(psutil.Process(pid).memory_info().rss)
    except (OSError, psutil.Error):  # the process ended meanwhile: it holds nothing
        return 0


def _reset_high_water_mark() -> bool:
    try:
        (_PROC / "self" / "clear_refs").write_text("5", encoding="ascii")
    except OSError:  # not Linux, or not allowed in this container
        return False
    return True


def _high_water_mark_bytes() -> int:
    for line in _read(f"{_PROC}/self/status").splitlines():
        if line.startswith(b"VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0
