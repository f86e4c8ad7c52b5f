"""Where tests find real data: `HARNESS_MIRROR` and `HARNESS_DATA`, else a `shared` folder beside the checkout."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

from tests.cli.project import Cli, make_project
from tests.helpers import Project, temp_project
from tests.submission.making import bundle, predictions

__all__ = ["bundle", "predictions"]

settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.load_profile("repeatable")

REPOSITORY = Path(__file__).resolve().parents[1]


def _folder(variable: str, name: str) -> Path:
    folder = Path(os.environ.get(variable) or REPOSITORY.parent / "shared" / name)
    if not folder.is_dir():
        pytest.skip(f"{variable} is not set and no {name} folder lies beside the checkout")
    return folder


@pytest.fixture(scope="session")
def mirror() -> Path:
    """The folder with original bytes of registry entries."""
    return _folder("HARNESS_MIRROR", "mirror")


@pytest.fixture(scope="session")
def local_data() -> Path:
    """The folder with local-folder datasets."""
    return _folder("HARNESS_DATA", "data")


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or writes the user's cache."""
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    """Commands run in a small real project in an empty folder, which is the current one."""
    monkeypatch.chdir(make_project(tmp_path))
    return Cli(tmp_path, capsys)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project of toys, in memory but for its suite files; rooms that need a real one have a fixture of this name."""
    return temp_project(tmp_path)
