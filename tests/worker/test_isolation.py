from __future__ import annotations

import contextlib
import os
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import psutil
import pytest

from harness.metrics import overlap
from harness.worker import isolation
from harness.worker.isolation import PatchedLibraryError, ProcessState, end_children
from tests.runner.test_faults import gone


def test_global_random_states_depend_on_nothing_that_ran_before() -> None:
    state, drawn = ProcessState(), []
    for noise in (1, 5):
        np.random.seed(noise)
        random.seed(noise)
        with state.guarded("s", 2**80 + 3):
            drawn.append((random.random(), np.random.rand()))
    assert drawn[0] == drawn[1]


def test_settings_are_set_back_and_what_lasts_ends_the_process(tmp_path: Path) -> None:
    state, folder = ProcessState(), Path.cwd()
    with state.guarded("s", 1):
        os.chdir(tmp_path)
        os.environ["OF_A_STAGE"] = "1"
        np.seterr(all="raise")
    assert (Path.cwd(), os.environ.get("OF_A_STAGE"), state.spoilt()) == (folder, None, "")
    gone_folder = tmp_path / "gone"
    gone_folder.mkdir()
    os.chdir(gone_folder)
    state = ProcessState()
    try:
        with state.guarded("s", 1):
            os.chdir(tmp_path)
            gone_folder.rmdir()
    finally:
        os.chdir(folder)
    assert state.spoilt().startswith("working folder (")


SEEDED = """
import sys
from harness.worker.isolation import ProcessState
state = ProcessState()
if sys.argv[1] == "early":
    import torch
    torch.rand(5)
with state.guarded("s", 7):
    import torch
    print(torch.rand(1).item())
"""


@pytest.mark.slow
def test_a_library_that_a_stage_loads_is_seeded_as_one_that_was_loaded_before() -> None:
    pytest.importorskip("torch", reason="torch is not installed")
    drawn = [
        subprocess.run([sys.executable, "-c", SEEDED, when], check=True, capture_output=True, text=True).stdout
        for when in ("early", "late")
    ]
    assert drawn[0] == drawn[1] != ""


def test_a_replaced_function_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    state = ProcessState()
    assert state.patched() == ""
    np.a_new_name = 1  # type: ignore[attr-defined]
    assert state.patched() == "", "what is new harms nobody"
    del np.a_new_name  # type: ignore[attr-defined]
    for owner, name in ((np, "sum"), (np.random, "default_rng"), (os, "getcwd"), (overlap, "overlap_table")):
        with monkeypatch.context() as patch:
            patch.setattr(owner, name, lambda *_: 0)
            assert state.patched() == f"{owner.__name__}.{name}"  # type: ignore[attr-defined]
    with monkeypatch.context() as patch:
        patch.setattr(np, "sum", np.sum)
        with pytest.raises(PatchedLibraryError, match=r"stage 's' replaced numpy\.sum"), state.guarded("s", 1):
            np.sum = np.prod


def test_metrics_of_others_may_replace_functions_too(monkeypatch: pytest.MonkeyPatch) -> None:
    state = ProcessState()
    with state.guarded("s", 1):
        pass
    monkeypatch.setattr(np, "sum", np.prod)
    assert state.spoilt() == "numpy.sum"


def test_where_metrics_are_ours_the_last_stage_is_the_last_that_could(monkeypatch: pytest.MonkeyPatch) -> None:
    state = ProcessState(metrics_are_ours=True)
    with state.guarded("s", 1):
        pass
    assert state.spoilt() == ""
    monkeypatch.setattr(np, "sum", np.sum)
    with contextlib.suppress(KeyError), state.guarded("s", 1):
        np.sum = np.prod
        raise KeyError
    assert state.spoilt() == "numpy.sum"


def test_a_forked_process_ends_in_the_code_that_forked_it(tmp_path: Path) -> None:
    code = """
import os, sys
from harness.worker.isolation import ProcessState
state, mark = ProcessState(), open(sys.argv[1], "ab", buffering=0)
try:
    with state.guarded("s", 1):
        if os.fork() == 0:
            raise RuntimeError("in the child")
        assert os.waitstatus_to_exitcode(os.wait()[1]) == 70
finally:
    mark.write(b"x")
"""
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "mark")], check=True)
    assert (tmp_path / "mark").read_text() == "x", "one process comes out"


def test_a_service_that_is_just_starting_is_spared(monkeypatch: pytest.MonkeyPatch) -> None:
    service = subprocess.Popen(
        [sys.executable, "-c", "input()", "multiprocessing.resource_tracker"], stdin=subprocess.PIPE
    )
    looks: list[int] = []

    def cmdline(process: psutil.Process) -> list[str]:
        looks.append(process.pid)
        return [] if looks.count(process.pid) < 3 else given(process)

    given = psutil.Process.cmdline
    monkeypatch.setattr(psutil.Process, "cmdline", cmdline)
    monkeypatch.setattr(isolation, "_BETWEEN_S", 0.1)  # a busy machine holds up who looks
    assert service.pid not in end_children([])
    assert looks.count(service.pid) == 3
    service.kill()
    service.wait()
    assert service.stdin is not None
    service.stdin.close()


def test_children_are_ended_but_those_that_are_spared() -> None:
    children = [subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) for _ in range(2)]
    service = subprocess.Popen(
        [sys.executable, "-c", "input()", "multiprocessing.resource_tracker"], stdin=subprocess.PIPE
    )
    others = set(end_children([children[0].pid]))
    assert children[1].pid in others
    assert not others & {children[0].pid, service.pid}
    assert gone(children[1].pid)
    for process in (*children, service):
        process.kill()
        process.wait()
        assert process.stdin is not None
        process.stdin.close()
