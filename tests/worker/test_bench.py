from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from harness.errors import BackendError, ChainError, StoreError
from harness.jobs.messages import Log
from harness.model import Volume
from harness.stages.contract import Stage
from harness.store.records import StageTiming
from harness.worker.bench import MOST_LOGGED
from harness.worker.cache import Made, Setting, content_hashes
from tests.runner.bench import spec, workbench
from tests.runner.project import Project


def test_stages_are_created_in_the_version_of_the_cell(project: Project) -> None:
    bench, _ = workbench(project)
    assert bench.create(spec(project, "smooth", amount=0.5)).options["amount"] == 0.5
    with pytest.raises(ChainError, match="'smooth' is version 1 in this worker; the cell asks 2"):
        bench.create(replace(spec(project, "smooth"), version=2))
    with pytest.raises(BackendError, match="not installed: no_such_library; pip install"):
        bench.create(spec(project, "absent-library"))


def test_device_is_what_the_stage_can_use(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    class OnDevice(Stage):
        id = "on-device"
        devices = ("cpu", "cuda")
        problem = ""

        def gpu_problem(self) -> str:
            return self.problem

        def run(self, inputs, context):  # type: ignore[no-untyped-def]
            raise AssertionError

    bench, events = workbench(project, device="auto", has_gpu=True)
    plain = bench.create(spec(project, "smooth"))
    for problem in ("", "numpy finds none", "numpy finds none"):
        OnDevice.problem = problem
        for stage in (plain, OnDevice()):
            device = bench.device_of(stage)
            assert device == ("cuda" if stage is not plain and not problem else "cpu")
            assert events == [] or problem, "an answer says nothing"
            bench.explain_device(stage, device)
    said = "stage 'on-device' computes on the CPU, although this machine has a GPU: numpy finds none"
    assert events == [Log(said)], "once, and nothing of stages that have no use for one"
    without, silent = workbench(project, device="auto")
    without.explain_device(OnDevice(), without.device_of(OnDevice()))
    assert silent == []
    demanding, _ = workbench(project, device="cuda")
    with pytest.raises(BackendError, match="stage 'on-device': numpy finds none; accepted: --device cpu or auto"):
        demanding.device_of(OnDevice())
    assert bench.setting("cuda") == Setting("m", "cuda", 1, "e")


def test_scratch_is_empty_and_goes(project: Project) -> None:
    bench, events = workbench(project)
    with bench.scratch() as folder:
        assert list(folder.iterdir()) == []
        (folder / "x").write_text("x")
    assert not folder.exists()
    with bench.scratch() as folder, bench.scratch() as other:
        assert folder != other
        folder.chmod(0o755)
    assert (folder.exists(), other.exists()) == (False, True)
    with bench.scratch() as again:
        assert again == other, "left as it was given"
        (again / "x").mkdir()
    assert not other.exists()
    with bench.scratch() as folder:
        pass
    (folder / "late").touch()
    with bench.scratch() as another:
        assert another != folder
        assert list(another.iterdir()) == []
    shutil.rmtree(bench.setup.scratch)
    with pytest.raises(StoreError, match="no scratch folder can be made"), bench.scratch():
        pass
    assert events == []


def test_lines_are_bounded_and_fit_for_every_terminal(project: Project) -> None:
    bench, events = workbench(project)
    bench.log("hello")
    bench.log("a file named \udcff")
    bench.log("x" * 40_000_000)
    assert events[:2] == [Log("hello"), Log("a file named \\udcff")]
    assert isinstance(events[2], Log)
    assert len(events[2].line) == MOST_LOGGED + 1


def _refusing(code: int) -> Callable[..., None]:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code))

    return refuse


def test_a_cache_that_is_read_only_keeps_nothing_and_a_full_one_ends_the_cell(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench, events = workbench(project)
    outputs = {"distance": Volume(np.zeros((2, 2), np.float32), "YX")}
    made = Made(StageTiming("smooth"), bench.setting("cpu"))
    monkeypatch.setattr("pathlib.Path.mkdir", _refusing(errno.EROFS))
    hashes = [bench.keep_output("ab" * 32, outputs, made) for _ in range(2)]
    assert hashes[0] == hashes[1] == content_hashes(outputs)
    assert len(events) == 1
    assert isinstance(events[0], Log)
    assert "Read-only file system" in events[0].line
    assert events[0].line.endswith("what is computed here is not kept, HARNESS_CACHE names another place")
    monkeypatch.setattr("pathlib.Path.mkdir", _refusing(errno.ENOSPC))
    with pytest.raises(StoreError, match="a stage output cannot be kept"):
        bench.keep_output("ab" * 32, outputs, made)
