from __future__ import annotations

from dataclasses import replace

import pytest

from harness.errors import BackendError, ChainError
from harness.runner.cache import Setting
from harness.stages.contract import Stage
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
        needs = ("numpy",)
        gpu = True

        def sees_gpu(self) -> bool:
            return self.gpu

        def run(self, inputs, context):  # type: ignore[no-untyped-def]
            raise AssertionError

    bench, _ = workbench(project, device="auto")
    plain = bench.create(spec(project, "smooth"))
    for has_cuda in (True, False):
        OnDevice.gpu = has_cuda
        assert bench.device_of(plain) == "cpu"
        assert bench.device_of(OnDevice()) == ("cuda" if has_cuda else "cpu")
    demanding, _ = workbench(project, device="cuda")
    with pytest.raises(BackendError, match=r"stage 'on-device' \(numpy\): no CUDA device here"):
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
