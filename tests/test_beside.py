"""Work beside other work, in processes of their own: a test runner has threads, and a fork needs a process without."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from harness import beside
from harness.errors import StoreError
from harness.threads import usable_cores

HEAD = """
import os, sys, time
from pathlib import Path
from harness.beside import beside, can_work_beside
from harness.errors import BackendError, HarnessError, StoreError
assert can_work_beside()
first = os.getpid()
"""

needs_two = pytest.mark.skipif(
    sys.platform != "linux" or usable_cores() < 2, reason="work beside needs Linux and two cores"
)


def said(body: str, folder: Path) -> str:
    """Return what a script prints that runs in a process without other threads."""
    done = subprocess.run(
        [sys.executable, "-c", HEAD + body], cwd=folder, capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout


@needs_two
def test_the_work_is_done_by_a_second_process_while_the_body_runs(tmp_path: Path) -> None:
    body = """
known = ["what lies in memory"]
def work():
    Path("begun").touch()
    while not Path("body").exists():
        time.sleep(0.01)
    known.append("its own")
    return os.getpid(), known[0]
with beside(work, is_worth_it=True) as answer:
    while not Path("begun").exists():
        time.sleep(0.01)
    Path("body").touch()
    pid, word = answer()
    assert answer() == (pid, word)
print(pid != first, word, known)
"""
    assert said(body, tmp_path) == "True what lies in memory ['what lies in memory']\n"


@needs_two
def test_what_the_work_raises_is_raised_where_its_answer_is_asked_for(tmp_path: Path) -> None:
    body = """
def work():
    raise StoreError("report: cannot be written (No space left on device)")
try:
    with beside(work, is_worth_it=True) as answer:
        print("body")
        answer()
except StoreError as error:
    print(type(error).__name__, error)
"""
    assert said(body, tmp_path) == "body\nStoreError report: cannot be written (No space left on device)\n"


@needs_two
@pytest.mark.parametrize(("end", "code"), [("os._exit(3)", "3"), ("os.kill(os.getpid(), 9)", "-9")])
def test_a_process_that_ends_without_an_answer_is_an_error(end: str, code: str, tmp_path: Path) -> None:
    body = f"""
try:
    with beside(lambda: {end}, is_worth_it=True) as answer:
        answer()
except BackendError as error:
    print(error)
"""
    assert said(body, tmp_path) == f"a second process ended without an answer (exit code {code})\n"


@needs_two
def test_an_error_of_the_body_ends_the_process(tmp_path: Path) -> None:
    body = """
def work():
    Path("pid").write_text(str(os.getpid()))
    Path("written").touch()
    time.sleep(600)
try:
    with beside(work, is_worth_it=True):
        while not Path("written").exists():
            time.sleep(0.01)
        raise KeyboardInterrupt
except KeyboardInterrupt:
    print(Path(f"/proc/{Path('pid').read_text()}").exists())
"""
    assert said(body, tmp_path) == "False\n"


@pytest.mark.parametrize("is_worth_it", [False, True])
def test_else_this_process_does_it_before_the_body(is_worth_it: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beside, "can_work_beside", lambda: not is_worth_it)
    done = []
    with beside.beside(lambda: done.append("work") or len(done), is_worth_it=is_worth_it) as answer:  # type: ignore[func-returns-value]
        assert done == ["work"]
        assert answer() == 1


def test_an_error_of_work_done_here_comes_before_the_body() -> None:
    def work() -> None:
        raise StoreError("full")

    with pytest.raises(StoreError, match="full"), beside.beside(work, is_worth_it=False):
        pytest.fail("the body was reached")


def test_beside_other_threads_nothing_is_forked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beside.threading, "active_count", lambda: 2)
    assert not beside.can_work_beside()
    monkeypatch.setattr(beside.threading, "active_count", lambda: 1)
    monkeypatch.setattr(beside, "usable_cores", lambda: 1)
    assert not beside.can_work_beside()
    monkeypatch.setattr(beside, "usable_cores", lambda: 2)
    assert beside.can_work_beside() is (sys.platform == "linux")


def test_a_process_that_may_have_none_of_its_own_forks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beside.threading, "active_count", lambda: 1)
    monkeypatch.setattr(beside.multiprocessing, "current_process", lambda: SimpleNamespace(daemon=True))
    assert not beside.can_work_beside()
