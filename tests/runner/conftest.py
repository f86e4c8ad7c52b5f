from __future__ import annotations

from pathlib import Path

import pytest

from tests.runner.project import Project


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project whose stages leave their traces in it."""
    made = Project(tmp_path / "project").write()
    monkeypatch.setenv("TEST_TRACES", str(made.traces))
    return made
