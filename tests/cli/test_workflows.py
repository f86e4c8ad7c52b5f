"""The workflows that `harness init` writes: their own steps, run in scratch repositories as a CI system runs them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from harness.cli.init import TEMPLATES
from tests.cli.project import Cli
from tests.submission import tampering

yaml = pytest.importorskip("yaml", reason="PyYAML comes with the extra stardist")

pytestmark = pytest.mark.slow

EXPRESSIONS = {
    "github.event.pull_request.number": "7",
    "github.server_url": "https://example.org",
    "github.repository": "owner/board",
    "github.run_id": "42",
    "github.token": "secret",
}
IS_PULL_REQUEST = "github.event_name == 'pull_request_target'"
SHIMS = {
    "pip": "exit 0\n",
    "gh": 'echo "$@" > "$SAID/gh"\ncp comment.md "$SAID/comment.md"\n',
    "curl": 'echo "$@" > "$SAID/curl"\ncp comment.md "$SAID/comment.md"\n',
}
"""What would reach a network, by name: nothing is installed, and what would be posted is kept in `$SAID`."""


def git(*arguments: str, at: Path) -> str:
    """Run git in a folder and return what it printed."""
    who = ["-c", "user.name=tests", "-c", "user.email=tests@example.org", "-c", "init.defaultBranch=main"]
    done = subprocess.run(["git", *who, *arguments], cwd=at, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def forge(cli: Cli, bundle: Path, tmp_path: Path) -> Path:
    """A bare repository whose branch `main` has the toy suite and its results, and pull request 7.

    The request adds a good bundle and one with an altered score, and changes the suite, which nobody may believe.
    """
    assert cli("run", "toy", "--results", "results")[0] == 0
    work = cli.folder
    bad = tampering.with_manifest(
        tampering.members_of(bundle), lambda data: data["samples"][0]["scores"].update({"map.gonuclear": 0.99})
    )
    for path in (work / "images", work / "labels"):
        for one in path.iterdir():
            one.unlink()
    content = bundle.read_bytes()
    bundle.unlink()
    bare = tmp_path / "forge.git"
    git("init", "--bare", str(bare), at=tmp_path)
    git("init", at=work)
    (work / ".gitignore").write_text("runs/\ncache/\n*.git\nmine.toml\n")
    git("add", ".", at=work)
    git("commit", "-m", "suite and results", at=work)
    git("push", str(bare), "HEAD:refs/heads/main", at=work)
    (work / "submissions").mkdir()
    (work / "submissions" / "mine.zip").write_bytes(content)
    tampering.write(work / "submissions" / "false.zip", bad)
    suite = work / "suites" / "toy.toml"
    suite.write_text(suite.read_text().replace("Toy | suite", "Another suite").replace("otsu-components", "truth"))
    git("add", ".", at=work)
    git("commit", "-m", "hand in", at=work)
    git("push", str(bare), "HEAD:refs/pull/7/head", at=work)
    return bare


def checked_out(forge: Path, folder: Path, ref: str = "refs/heads/main") -> Path:
    """Return a shallow checkout of a ref, as a runner makes one."""
    folder.mkdir()
    git("init", at=folder)
    git("remote", "add", "origin", str(forge), at=folder)
    git("fetch", "--depth", "1", "origin", ref, at=folder)
    git("checkout", "--detach", "FETCH_HEAD", at=folder)
    return folder


def environment(tmp_path: Path, said: Path, more: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a step: the harness of these tests, and shims of what would reach a network."""
    shims = tmp_path / "shims"
    shims.mkdir(exist_ok=True)
    for name, script in SHIMS.items():
        (shims / name).write_text(f"#!/bin/sh\n{script}")
        (shims / name).chmod(0o755)
    harness = shims / "harness"
    harness.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m harness "$@"\n')
    harness.chmod(0o755)
    said.mkdir(exist_ok=True)
    kept = {name: os.environ[name] for name in ("HARNESS_CACHE", "HOME", "LANG") if name in os.environ}
    return {**kept, "PATH": f"{shims}{os.pathsep}{os.environ['PATH']}", "SAID": str(said), **more}


def filled(text: object) -> str:
    """Return text with the expressions of a workflow filled in; KeyError for one that nobody here knows."""
    return re.sub(r"\$\{\{ (.+?) \}\}", lambda found: EXPRESSIONS[found[1]], str(text))


def github(job: Mapping[str, Any], at: Path, env: Mapping[str, str]) -> list[int]:
    """Run the steps of a job that are scripts and return their exit codes; a failure ends all but `always()` ones."""
    codes = []
    for step in job["steps"]:
        if "run" not in step:
            continue
        own = {name: filled(value) for name, value in step.get("env", {}).items()}
        script = at.parent / "step.sh"
        script.write_text(filled(step["run"]))
        done = subprocess.run(["bash", "-e", script], cwd=at, env={**env, **own})
        codes.append(done.returncode)
        if done.returncode:
            break
    return codes


def check_comment(text: str, pictures: str) -> None:
    """What is said below the request: of both bundles, by the suite of the base branch."""
    assert "`false.zip` is refused:" in text
    assert re.search(r"^    .*'map.gonuclear' is stated as 0.99; the labels have", text, re.MULTILINE)
    assert "Toy | suite" in text.replace("\\", "")
    assert "Another suite" not in text
    assert "| **My method** (new) |" in text
    assert "No row of the suite changed." in text
    assert f"![errors]({pictures}worst-1.png)" in text


def test_the_workflow_of_github_comments_on_a_pull_request(forge: Path, tmp_path: Path) -> None:
    workflow = yaml.safe_load((TEMPLATES / "ci.yml").read_text(encoding="utf-8"))
    said = tmp_path / "said"
    variables = {**workflow["env"], "SUITE": "toy", "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md")}
    env = environment(tmp_path, said, variables)
    board = checked_out(forge, tmp_path / "runner")
    assert github(workflow["jobs"]["board"], board, env) == [0, 0, 2], "a refused bundle makes the check red"
    pictures = "https://example.org/owner/board/raw/board-pictures/42/"
    check_comment((board / "comment.md").read_text(encoding="utf-8"), pictures)
    assert (tmp_path / "summary.md").read_text() == (board / "comment.md").read_text()
    assert (board / "site" / "report" / "index.html").is_file()
    assert (board / "gate.xml").is_file()

    assert workflow["jobs"]["comment"]["if"] == f"always() && {IS_PULL_REQUEST}"
    for number in range(2):
        other = checked_out(forge, tmp_path / f"runner-{number}")
        (board / "site").replace(other / "site")
        (board / "comment.md").replace(other / "comment.md")
        assert github(workflow["jobs"]["comment"], other, env) == [0, 0]
        board = other
    assert (said / "gh").read_text().startswith("pr comment 7 --body-file comment.md")
    kept = git("ls-tree", "-r", "--name-only", "board-pictures", at=forge).splitlines()
    assert kept == ["42/worst-1.png", "42/worst-2.png"]
    assert git("rev-list", "--count", "board-pictures", at=forge) == "2", "what earlier runs drew is kept"


def test_the_workflow_of_github_runs_on_a_push_without_bundles(forge: Path, tmp_path: Path) -> None:
    workflow = yaml.safe_load((TEMPLATES / "ci.yml").read_text(encoding="utf-8"))
    env = environment(
        tmp_path,
        tmp_path / "said",
        {**workflow["env"], "SUITE": "toy", "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md")},
    )
    board = checked_out(forge, tmp_path / "runner")
    job = workflow["jobs"]["board"]
    take = next(step for step in job["steps"] if "NUMBER" in step.get("env", {}))
    take["env"]["NUMBER"] = ""
    assert github(job, board, env) == [0, 0, 0]
    assert not list((board / "handed-in").iterdir())
    assert "refused" not in (board / "comment.md").read_text()


@pytest.mark.parametrize("is_request", [True, False])
def test_the_workflow_of_gitlab_writes_a_note(forge: Path, tmp_path: Path, is_request: bool) -> None:
    workflow = yaml.safe_load((TEMPLATES / "gitlab-ci.yml").read_text(encoding="utf-8"))
    said = tmp_path / "said"
    at = checked_out(forge, tmp_path / "runner", "refs/pull/7/head" if is_request else "refs/heads/main")
    request = {"CI_MERGE_REQUEST_IID": "7", "NOTE_TOKEN": "secret"} if is_request else {}
    env = environment(
        tmp_path,
        said,
        {
            **workflow["variables"],
            "SUITE": "toy",
            "CI_DEFAULT_BRANCH": "main",
            "CI_COMMIT_SHA": git("rev-parse", "HEAD", at=at),
            "CI_JOB_URL": "https://example.org/job/1",
            "CI_API_V4_URL": "https://example.org/api/v4",
            "CI_PROJECT_ID": "3",
            **request,
        },
    )
    script = tmp_path / "job.sh"
    script.write_text("set -eo pipefail\n" + "\n".join(workflow["board"]["script"]))
    done = subprocess.run(["bash", script], cwd=at, env=env)
    assert done.returncode == (2 if is_request else 0)
    assert (at / "base" / "gate.xml").is_file()
    if is_request:
        check_comment(
            (said / "comment.md").read_text(encoding="utf-8"),
            "https://example.org/job/1/artifacts/raw/base/site/pictures/",
        )
        assert (said / "curl").read_text().rstrip().endswith("/projects/3/merge_requests/7/notes")
    else:
        assert not (said / "curl").exists()


@pytest.mark.parametrize("name", ["ci.yml", "gitlab-ci.yml"])
def test_nothing_of_a_request_is_put_into_a_script(name: str) -> None:
    """An expression within a script is pasted into it: what a stranger wrote would be executed."""
    text = (TEMPLATES / name).read_text(encoding="utf-8")
    assert yaml.safe_load(text)
    scripts = re.findall(r"run: \|\n((?: {10,}.*\n|\n)+)", text)
    assert scripts or name != "ci.yml"
    assert not any("${{" in script for script in scripts)
    assert "pull_request.head" not in text
