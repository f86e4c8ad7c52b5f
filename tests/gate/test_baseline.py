"""Baselines: a folder, a git revision, and the committed state where baseline and results are one folder."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from harness.errors import StoreError
from harness.gate import open_baseline


def _git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=Test", "-c", "user.email=test@example.org"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A git repository with one committed results file, changed since."""
    results = tmp_path / "results"
    results.mkdir()
    (results / "scores").write_text("committed")
    _git(tmp_path, "init", "--quiet")
    _git(tmp_path, "add", ".")
    _git(tmp_path, "commit", "--quiet", "--message", "records")
    _git(tmp_path, "tag", "first")
    (results / "scores").write_text("worse")
    return results


def test_another_folder_is_taken_as_it_is(tmp_path: Path) -> None:
    with open_baseline(str(tmp_path), tmp_path / "results") as baseline:
        assert (baseline.folder, baseline.itself) == (tmp_path, None)


@pytest.mark.parametrize("wanted", ["first", "HEAD"])
def test_a_revision_is_read_from_git(checkout: Path, wanted: str) -> None:
    with open_baseline(wanted, checkout) as baseline:
        assert (baseline.folder / "scores").read_text() == "committed"
        assert wanted in baseline.title
        kept = baseline.folder
    assert not kept.exists()


def test_the_same_folder_means_its_committed_state(checkout: Path) -> None:
    with open_baseline(str(checkout), checkout) as baseline:
        assert (baseline.folder / "scores").read_text() == "committed"
        assert baseline.itself == checkout
        assert "HEAD" in baseline.title


def test_the_same_folder_outside_git_is_compared_with_itself(tmp_path: Path) -> None:
    with open_baseline(str(tmp_path), tmp_path) as baseline:
        assert baseline.folder == tmp_path
        assert "itself" in baseline.title


@pytest.mark.parametrize("wanted", ["no-such-branch", "--output=x"])
def test_neither_folder_nor_revision(checkout: Path, wanted: str) -> None:
    with pytest.raises(StoreError, match="neither a folder nor a git revision"), open_baseline(wanted, checkout):
        pass
