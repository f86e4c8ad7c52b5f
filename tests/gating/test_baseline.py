"""Baselines: a folder, a git revision, and the committed state where baseline and results are one folder."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from harness.errors import BaselineError, StoreError
from harness.gating import open_baseline


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
        assert baseline.folder == tmp_path


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
        assert "HEAD" in baseline.title


@pytest.mark.parametrize("wanted", ["results", "HEAD"])
def test_results_are_never_compared_with_themselves(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, wanted: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    monkeypatch.chdir(checkout.parent)
    results = Path("results")

    def refused(reason: str) -> None:
        with pytest.raises(StoreError, match=reason) as caught, open_baseline(wanted, results):
            pass
        assert caught.value.exit_code == 4
        assert len(str(caught.value).splitlines()) == 1

    with monkeypatch.context() as patch:
        patch.setenv("PATH", str(tmp_path_factory.mktemp("empty")))
        refused("git is not installed")
    with monkeypatch.context() as patch:
        patch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
        refused("git says: fatal: detected dubious ownership")
    elsewhere = tmp_path_factory.mktemp("scratch") / "kept"
    checkout.rename(elsewhere)
    results.symlink_to(elsewhere)
    refused("a link to .*git says: fatal: not a git repository")
    results.unlink()
    elsewhere.rename(checkout)
    _git(checkout.parent, "rm", "-r", "--quiet", "--cached", "results")
    _git(checkout.parent, "commit", "--quiet", "--message", "no records", "--allow-empty")
    refused("not committed there.*git says: fatal")
    shutil.rmtree(checkout.parent / ".git")
    refused("git says: fatal: not a git repository")
    _git(checkout.parent, "init", "--quiet")
    refused("nothing is committed yet: git says: fatal")


def test_a_baseline_whose_records_are_links_to_the_results_is_refused(tmp_path: Path) -> None:
    scores = tmp_path / "results" / "toy" / "v1" / "smoke" / "scores.jsonl"
    scores.parent.mkdir(parents=True)
    scores.write_text("")
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "toy").symlink_to(tmp_path / "results" / "toy")
    with (
        pytest.raises(BaselineError, match="is the same file as"),
        open_baseline(str(tmp_path / "base"), tmp_path / "results"),
    ):
        pass


@pytest.mark.parametrize("wanted", ["no-such-branch", "--output=x"])
def test_neither_folder_nor_revision(checkout: Path, wanted: str) -> None:
    with pytest.raises(StoreError, match="neither a folder nor a git revision"), open_baseline(wanted, checkout):
        pass
