from __future__ import annotations

from dataclasses import replace

import pytest

from harness.errors import BackendError, ChainError
from harness.stages.contract import Stage
from harness.worker.cache import Setting
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
        assert bench.device_of(plain) == "cpu"
        assert bench.device_of(OnDevice()) == ("cpu" if problem else "cuda")
    said = "stage 'on-device' computes on the CPU, although this machine has a GPU: numpy finds none"
    assert events == [{"event": "log", "line": said}], "once, and nothing of stages that have no use for one"
    without, silent = workbench(project, device="auto")
    assert (without.device_of(OnDevice()), silent) == ("cpu", [])
    demanding, _ = workbench(project, device="cuda")
    with pytest.raises(BackendError, match="stage 'on-device': numpy finds none; accepted: --device cpu or auto"):
        demanding.device_of(OnDevice())
    assert bench.devices == {"cpu", "cuda"}
    assert bench.setting("cuda") == Setting("m", "cuda", 1, "e")


def test_scratch_is_empty_and_goes(project: Project) -> None:
    bench, events = workbench(project)
    with bench.scratch() as folder:
        assert list(folder.iterdir()) == []
        (folder / "x").write_text("x")
    assert not folder.exists()
    bench.log("hello")
    assert events == [{"event": "log", "line": "hello"}]
