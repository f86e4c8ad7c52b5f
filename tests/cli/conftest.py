"""The command line in a small project."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.project import Cli, make_project


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    """Commands run in a temp project."""
    monkeypatch.chdir(make_project(tmp_path))
    return Cli(tmp_path, capsys)
