"""The command line in a small project."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness import registry
from harness.registry import Registry
from tests.cli.project import Cli, make_project


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    """Commands run in a temp project."""
    monkeypatch.chdir(make_project(tmp_path))
    return Cli(tmp_path, capsys)


@pytest.fixture
def own_stages(monkeypatch: pytest.MonkeyPatch) -> Registry:
    """A registry that tests may add to."""
    copy = Registry("stage")
    for entry in registry.stages():
        copy.add(entry)
    monkeypatch.setattr(registry, "stages", lambda: copy)
    return copy
