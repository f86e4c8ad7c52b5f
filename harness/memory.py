"""Memory and processor time of a process tree, and the memory of its device."""

from __future__ import annotations

import contextlib
import math
import mmap
import os
import threading
import time
from collections.abc import Collection
from pathlib import Path
from types import TracebackType

import psutil

from harness.clock import Clock, torch_on

_PROC = Path("/proc")
_HAS_PROC = (_PROC / "self" / "statm").exists()


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
            self.descendants = tuple(pid for pid in descendants(self.pid) if pid not in self._ignore)
            self._next_s = now + self._refresh_s
        return sum(_resident_bytes(pid) for pid in (self.pid, *self.descendants))


def device_watched(device: str, libraries: Collection[str]) -> str:
    """Return the device whose memory `Usage` can read for code that uses these libraries, else "cpu".

    torch counts its own allocations alone: what TensorFlow takes of the same GPU would read as next to nothing.
    """
    return device if "torch" in libraries else "cpu"


class Usage:
    """What this process tree and the device use between `with` and its end.

    `peak_bytes` is the larger of the kernel's own high-water mark of this process, where it can be reset, and the
    largest sampled sum over the tree (every 10 ms while there are child processes). `cpu_s` is the processor time of
    all threads of the tree, in seconds, also of children that have ended and were waited for.
    """

    def __init__(self, *, device: str = "cpu", ignore: frozenset[int] = frozenset()) -> None:
        self.peak_bytes = 0
        self.device_peak_bytes: int | None = None
        self.cpu_s = 0.0
        self._device = device
        self._tree = TreeMemory(os.getpid(), ignore=ignore, refresh_s=0.05)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="usage", daemon=True)
        self._has_mark = False

    def __enter__(self) -> Usage:
        torch = torch_on(self._device)
        if torch is not None:
            torch.cuda.reset_peak_memory_stats()
        self._has_mark = _reset_high_water_mark()
        self._sample()
        self.cpu_s = -self._processor_s()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()
        self._sample()
        self.cpu_s += self._processor_s()
        if self._has_mark:
            self.peak_bytes = max(self.peak_bytes, _high_water_mark_bytes())
        torch = torch_on(self._device)
        if torch is not None:
            self.device_peak_bytes = int(torch.cuda.max_memory_allocated())

    def _watch(self) -> None:
        while not self._stop.wait(0.01 if self._tree.descendants or not self._has_mark else 0.05):
            self._sample()

    def _sample(self) -> None:
        self.peak_bytes = max(self.peak_bytes, self._tree.read_bytes())

    def _processor_s(self) -> float:
        """Return the seconds that the tree has used so far: each process counts the children it waited for."""
        seconds = sum(os.times()[:4])  # user, system, and the same of children
        for pid in self._tree.descendants:
            with contextlib.suppress(psutil.NoSuchProcess):  # it ended meanwhile, and its parent counts it
                seconds += sum(psutil.Process(pid).cpu_times()[:4])
        return seconds


def descendants(pid: int) -> list[int]:
    """Return the processes that a process has started, and those that they have; zombies are among them."""
    if not _HAS_PROC:
        with contextlib.suppress(psutil.NoSuchProcess):
            return [child.pid for child in psutil.Process(pid).children(recursive=True)]
        return []
    found: list[int] = []
    threads = f"{_PROC}/{pid}/task"  # plain texts: this is asked several times for each cell
    with contextlib.suppress(OSError):  # the process, or one of its threads, ended meanwhile
        for thread in os.listdir(threads):  # noqa: PTH208
            with contextlib.suppress(OSError):
                children = [int(child) for child in _read(f"{threads}/{thread}/children").split()]
                found += children
                for child in children:
                    found += descendants(child)
    return found


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
