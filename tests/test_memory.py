from __future__ import annotations

import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from harness.memory import Usage, descendants

MEGABYTE = 1 << 20


PAGES = """
import mmap
from harness.memory import Usage
with Usage() as before:
    pass
with Usage() as memory, mmap.mmap(-1, 60 << 20) as pages:  # no allocator that may keep them for later
    for start in range(0, len(pages), mmap.PAGESIZE):
        pages[start] = 1
assert memory.device_peak_bytes is None
with Usage() as after:
    pass
print(before.peak_bytes, memory.peak_bytes, after.peak_bytes)
"""


def test_peak_of_memory_that_is_gone_again() -> None:
    """In a process of its own: what other tests have left in this one may be freed at any moment."""
    done = subprocess.run([sys.executable, "-c", PAGES], capture_output=True, text=True, check=True)
    before, memory, after = (int(word) for word in done.stdout.split())
    assert 50 * MEGABYTE < memory - before < 90 * MEGABYTE
    assert after < before + 20 * MEGABYTE, "an earlier peak does not stick"


CHILD = """
import os, subprocess, sys, time
from harness.memory import TreeMemory, Usage
HUNGRY = "x = bytearray(80 << 20); print(flush=True); input()"
with Usage() as alone:
    pass
with Usage() as memory:
    child = subprocess.Popen([sys.executable, "-c", HUNGRY], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    child.stdout.readline()
    while memory.peak_bytes < alone.peak_bytes + (80 << 20):  # the thread that samples has not come to it yet
        time.sleep(0.01)
whole, own = (TreeMemory(os.getpid(), ignore=frozenset(ids)).read_bytes() for ids in ((), (child.pid,)))
child.communicate(b"\\n")
print(memory.peak_bytes - alone.peak_bytes, whole - own, TreeMemory(child.pid).read_bytes())
"""


def test_peak_counts_child_processes_unless_ignored() -> None:
    """In a process of its own: children and memory that other tests have left in this one come and go."""
    done = subprocess.run([sys.executable, "-c", CHILD], capture_output=True, text=True, check=True)
    more, of_child, after = (int(word) for word in done.stdout.split())
    assert min(more, of_child) >= 80 * MEGABYTE
    assert after == 0


PROCESSOR_TIME = """
import hashlib, resource, subprocess, sys, threading, time
from harness.memory import Usage

SPIN = "import time\\nwhile time.process_time() < .5: pass\\n"
WAITS = SPIN + "print(time.process_time(), flush=True)\\ninput()"


def used_s():
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def idle():
    time.sleep(0.3)


def threads():
    def hash():
        while time.thread_time() < 0.2:
            hashlib.sha256(bytes(1 << 22))

    workers = [threading.Thread(target=hash) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


def ended_child():
    subprocess.run([sys.executable, "-c", SPIN], check=True)


for work in (idle, threads, ended_child):
    around_s = -used_s()
    with Usage() as usage:
        within_s = -used_s()
        work()
        within_s += used_s()
    around_s += used_s()
    print(work.__name__, within_s, usage.cpu_s, around_s)

with Usage() as usage:
    child = subprocess.Popen([sys.executable, "-c", WAITS], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    within_s = float(child.stdout.readline())
    usage.sample()
around_s = -used_s()
child.communicate(b"\\n")
print("living_child", within_s, usage.cpu_s, within_s + 1)
"""
TICKS_S = 0.05
"""The kernel tells processor time of others in ticks of 10 ms, and four such numbers are added."""


def test_processor_time_is_that_of_all_threads_and_children() -> None:
    """In a process of its own: what other tests have left in this one uses processor time, too."""
    done = subprocess.run([sys.executable, "-c", PROCESSOR_TIME], capture_output=True, text=True, check=True)
    told = {name: [float(word) for word in words] for name, *words in map(str.split, done.stdout.splitlines())}
    for name, (within_s, cpu_s, around_s) in told.items():
        assert within_s - TICKS_S <= cpu_s <= around_s + TICKS_S, name
    assert told["idle"][2] < 0.1 < 0.4 <= told["threads"][0], "what is counted can be told from nothing"
    assert min(told["ended_child"][1], told["living_child"][1]) > 0.45


@pytest.mark.parametrize(("device", "asked", "expected"), [("cuda", 3, 123), ("cuda", 0, None), ("cpu", 3, None)])
def test_peak_of_the_device_is_read_where_torch_took_any_of_it(
    device: str, asked: int, expected: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    allocations = {"allocation.all.allocated": 7}
    cuda = SimpleNamespace(
        is_initialized=lambda: True,
        reset_peak_memory_stats=lambda: calls.append("reset"),
        max_memory_allocated=lambda: 123,
        memory_stats=lambda: allocations,
    )
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=cuda))
    with Usage(device=device) as memory:
        allocations["allocation.all.allocated"] += asked
    assert (memory.device_peak_bytes, calls) == (expected, ["reset"] if device == "cuda" else [])


def test_torch_that_comes_in_between_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    cuda = SimpleNamespace(
        is_initialized=lambda: True,
        max_memory_allocated=lambda: 123,
        memory_stats=lambda: {"allocation.all.allocated": 1},
    )
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    with Usage(device="cuda") as memory:
        monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=cuda))
    assert memory.device_peak_bytes == 123


WATCHERS = """
import threading
from harness.memory import Usage

def watcher():
    (found,) = [thread for thread in threading.enumerate() if thread.name == "usage"]
    return found

with Usage(), Usage():
    first = watcher()
    with Usage():
        assert watcher() is first
first.join()
assert [thread.name for thread in threading.enumerate()] == ["MainThread"]
with Usage():
    assert watcher() is not first
"""


def test_one_thread_watches_them_all_and_ends_when_there_is_nothing_to_watch() -> None:
    """In a process of its own: other tests may have left a thread that is just ending."""
    subprocess.run([sys.executable, "-c", WATCHERS], check=True)


GRANDPARENT = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'print(flush=True); input()'])"


def test_who_is_ignored_is_left_out_with_what_it_has_started() -> None:
    child = subprocess.Popen([sys.executable, "-c", GRANDPARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdout is not None
    child.stdout.readline()
    (grandchild,) = descendants(child.pid)
    assert {child.pid, grandchild} <= set(descendants(os.getpid()))
    assert not {child.pid, grandchild} & set(descendants(os.getpid(), [child.pid]))
    assert child.pid in descendants(os.getpid(), [grandchild])
    child.communicate(b"\n")
