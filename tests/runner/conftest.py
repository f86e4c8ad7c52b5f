from __future__ import annotations

from pathlib import Path

import pytest

from harness.runner.process import WorkerProcess
from tests.runner.project import Project


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project whose stages leave their traces in it."""
    made = Project(tmp_path / "project").write()
    monkeypatch.setenv("TEST_TRACES", str(made.traces))
    return made


@pytest.fixture
def _late_when_it_hangs(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """No cell is late but one that hangs by now: what comes before may take a busy machine any time."""
    begun, is_late = project.traces / "child", WorkerProcess.is_late

    def is_late_and_hangs(worker: WorkerProcess, now_s: float) -> bool:
        return worker.stage == "fault" and begun.exists() and is_late(worker, now_s)

    monkeypatch.setattr(WorkerProcess, "is_late", is_late_and_hangs)
