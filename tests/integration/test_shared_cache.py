"""A cache that several people share: everything in it has the access that the umask grants, and it may be read-only."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from harness.datasets import load_catalogue
from tests.runner.project import Project

MEMBERS = 23456
"""A group of which the first user is a member, and the second where it is said."""
OWNER = 12345
DOWNLOADS = """
[datasets.away]
kind = "remote"
availability = "open-direct-download"
title = "t"
licence = "CC0"
citation = "none"
axes = "YX"
files = [
  {{ name = "all.zip", sha256 = "{sha256}", urls = ["http://127.0.0.1:9/all.zip"] }},
  {{ name = "pinned.npy", first_seen = true, urls = ["http://127.0.0.1:9/pinned.npy"] }},
]
images.raw = {{ file = "pinned.npy" }}
labels.gold = {{ file = "all.zip", member = "gold.npy" }}
samples.s = {{}}

[weights.unpacked]
title = "t"
licence = "CC0"
unpack = true
files = [{{ name = "all.zip", sha256 = "{sha256}", urls = ["http://127.0.0.1:9/all.zip"] }}]
"""
ROWS = {
    "plain": '[{ id = "smooth", amount = 1.0 }, { id = "cut" }]',
    "trained": '[{ id = "smooth", amount = 1.0 }, { id = "learn" }]',
    "private": '[{ id = "smooth", amount = 1.0 }, { id = "private" }]',
}
PRIVATE = """

import tempfile


class Private(Learn):
    id = "private"
    title = "a model by way of a temporary file, which is its owner's alone"

    def fit(self, training, validation, context, model):
        super().fit(training, validation, context, model)
        (model / "inner").mkdir(mode=0o700)
        handle, name = tempfile.mkstemp(dir=model / "inner")
        os.close(handle)
        (model / "level.txt").chmod(0o600)
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project with trained stages and with downloads, which come from a mirror folder."""
    made = Project(tmp_path / "project").write()
    monkeypatch.setenv("TEST_TRACES", str(made.traces))
    with made.plugin.open("a") as file:
        file.write(PRIVATE)
    mirror = tmp_path / "mirror"
    for owner in ("away", "unpacked"):
        (mirror / owner).mkdir(parents=True)
    np.save(mirror / "away" / "pinned.npy", np.zeros((8, 8), np.uint8))
    with zipfile.ZipFile(mirror / "away" / "all.zip", "w") as archive:
        archive.write(mirror / "away" / "pinned.npy", "gold.npy")
    shutil.copyfile(mirror / "away" / "all.zip", mirror / "unpacked" / "all.zip")
    digest = hashlib.sha256((mirror / "away" / "all.zip").read_bytes()).hexdigest()
    with (made.folder / "datasets.toml").open("a") as file:
        file.write(DOWNLOADS.format(sha256=digest))
    monkeypatch.setenv("HARNESS_MIRROR", str(mirror))
    return made


def _use(project: Project) -> None:
    """Fetch, unpack and load everything, and compute every row."""
    catalogue = load_catalogue(project.folder / "datasets.toml")
    dataset = catalogue.dataset("away")
    dataset.fetch()
    assert dataset.load("s").labels["gold"].array.shape == (8, 8)
    assert catalogue.weights("unpacked").fetch().is_dir()
    summary = project.run(project.suite(ROWS, split="one"))
    assert (summary.computed, summary.failed) == (3, 0)


@pytest.fixture(params=[0o002, 0o077])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    """A group that shares its files, and a user who shares none."""
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def test_every_kind_of_entry_has_the_access_of_the_umask(project: Project, umask: int) -> None:
    _use(project)
    kinds = {path.relative_to(project.cache).parts[0] for path in project.cache.rglob("*") if path.is_file()}
    assert {"datasets", "weights", "stages", "models", "predictions", ".transfers"} <= kinds
    wrong = {
        path.relative_to(project.cache).as_posix(): oct(mode)
        for path in project.cache.rglob("*")
        if (mode := stat.S_IMODE(path.stat().st_mode) & 0o777) != (0o777 if path.is_dir() else 0o666) & ~umask
    }
    assert wrong == {}


SECOND = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import harness
from harness.datasets import load_catalogue
from tests.runner.project import Recorder

folder, suite, results = Path(sys.argv[2]), sys.argv[3], sys.argv[4]
catalogue = load_catalogue(folder / "datasets.toml")
assert catalogue.dataset("away").load("s").labels["gold"].array.shape == (8, 8)
assert catalogue.weights("unpacked").fetch().is_dir()
progress = Recorder()
summary = harness.run(Path(suite), results=Path(results), plugins=[folder / "tiny_stages.py"],
                      catalogue=folder / "datasets.toml", threads=1, progress=progress)
print(summary.computed, summary.failed)
print(*progress.logged, *(failure.message for suite in summary.suites for failure in suite.failures), sep="\\n")
"""


def _as_second_user(project: Project, suite: Path, results: Path, *groups: int) -> list[str]:
    """Use everything as another user: root without its override of permissions, in some groups."""
    capabilities = "-dac_override,-dac_read_search,-fowner"
    command = [
        "setpriv", f"--bounding-set={capabilities}", f"--inh-caps={capabilities}",
        f"--groups={','.join(map(str, groups))}" if groups else "--clear-groups",
        sys.executable, "-c", SECOND, str(Path(__file__).parents[2]), str(project.folder), str(suite), str(results),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, umask=0o002)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.fixture
def _two_users() -> None:
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("needs root and setpriv, to act as two users")


def _hand_over(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        os.chown(path, OWNER, MEMBERS, follow_symlinks=False)


@pytest.mark.slow
@pytest.mark.usefixtures("_two_users")
def test_a_member_of_the_group_uses_and_fills_the_cache(project: Project, tmp_path: Path) -> None:
    before = os.umask(0o002)
    try:
        _use(project)
    finally:
        os.umask(before)
    _hand_over(project.cache)
    project.cache.chmod(0o770)
    more = {**ROWS, "other": '[{ id = "smooth", amount = 2.0 }, { id = "learn" }]'}
    said = _as_second_user(project, project.suite(more, split="one"), tmp_path / "second", MEMBERS)
    assert said[0] == "4 0", said
    assert not [line for line in said if "denied" in line]
    assert project.count("fit") == 3


@pytest.mark.slow
@pytest.mark.usefixtures("_two_users")
def test_a_cache_that_is_read_only_is_read(project: Project, tmp_path: Path) -> None:
    _use(project)
    _hand_over(project.cache)
    for path in (project.cache, *project.cache.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    more = {**ROWS, "other": '[{ id = "smooth", amount = 2.0 }, { id = "cut" }]'}
    said = _as_second_user(project, project.suite(more, split="one"), tmp_path / "second")
    assert said[0] == "4 0", said
    assert project.count("fit") == 2
    denied = [line for line in said if "Permission denied" in line]
    assert sum("a stage output cannot be kept" in line for line in denied) == 1
    assert any("what is computed here is not kept, HARNESS_CACHE names another place" in line for line in denied)
    fresh = {"new": '[{ id = "smooth", amount = 3.0 }, { id = "learn" }]'}
    said = _as_second_user(project, project.suite(fresh, split="one", id="fresh"), tmp_path / "third")
    assert said[0] == "0 1"
    assert "cannot be locked (Permission denied)" in said[-1]
