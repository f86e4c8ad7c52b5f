"""Suites and datasets come with the package, however it is installed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import setuptools
from packaging.version import Version

from harness.shipped import shipped_folder

REPOSITORY = Path(__file__).resolve().parents[1]


def test_a_checkout_ships_what_lies_at_its_top() -> None:
    assert shipped_folder() == REPOSITORY


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds what a wheel of this checkout installs, and nothing of the checkout."""
    if Version(setuptools.__version__) < Version("77"):
        pytest.skip(f"setuptools {setuptools.__version__} cannot read this pyproject.toml; it needs 77")
    work = tmp_path_factory.mktemp("wheel")
    listing = ["git", "ls-files", "-zco", "--exclude-standard"]
    tracked = subprocess.run(listing, cwd=REPOSITORY, check=False, capture_output=True).stdout
    source = _copied(tracked.decode().split("\0"), work / "source") if tracked else REPOSITORY
    options = ("--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(work))
    wheel_command = [sys.executable, "-m", "pip", "wheel", *options, str(source)]
    subprocess.run(wheel_command, check=True, capture_output=True, cwd=work)
    (wheel,) = work.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(work / "site")
    return work / "site"


def _copied(names: list[str], target: Path) -> Path:
    """Copy tracked files elsewhere, so that a build leaves nothing in the checkout."""
    for name in names:
        path = REPOSITORY / name
        if path.is_file() and not name.startswith("results/"):
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            (target / name).write_bytes(path.read_bytes())
    return target


def _harness(installed: Path, cwd: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(installed), "HARNESS_CACHE": str(cwd / "cache")}
    command = [sys.executable, "-m", "harness", *arguments]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


def test_an_installed_package_has_every_suite_and_dataset(installed: Path, tmp_path: Path) -> None:
    where = subprocess.run(
        [sys.executable, "-c", "import harness; print(harness.__file__)"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert where.stdout.startswith(str(installed)), where.stdout
    listed = _harness(installed, tmp_path, "list", "suites")
    assert listed.returncode == 0, listed.stderr
    for path in (REPOSITORY / "suites").glob("*.toml"):
        assert path.stem in listed.stdout
    checked = _harness(installed, tmp_path, "check")
    assert checked.returncode == 0, checked.stderr
    assert (installed / "harness" / "shipped" / "datasets.toml").is_file()
    status = _harness(installed, tmp_path, "status")
    assert status.returncode == 0, status.stderr
    assert "table 2.6" in status.stdout, "the items of the package come with its suites"


def test_an_installed_package_runs_a_suite_and_knows_no_commit(installed: Path, tmp_path: Path) -> None:
    planned = _harness(installed, tmp_path, "run", "quickstart", "--dry-run")
    assert planned.returncode == 0, planned.stderr
    told = json.loads(_harness(installed, tmp_path, "env", "--json").stdout)
    assert told["code"] == {"commit": "unknown", "dirty": None}
