"""A package outside the tree is installed and goes through the same calls as what is in the tree."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent / "outside"
REPOSITORY = SOURCE.parents[1]
SUITE = """
schema = 1
id = "outside"
version = 1
title = "A method, a metric and a dataset of another package beside a method of this one"
metrics = ["found-ratio", "ap50.canonical"]
[tiers.smoke]
data = [{ dataset = "outside-spots" }]
truth = "gold"
[[rows]]
id = "outside"
stages = [{ id = "bright-spots", level = 0.4 }]
[[rows]]
id = "inside"
stages = [{ id = "otsu-components" }]
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the package with pip into a folder of its own, without an index."""
    source = tmp_path_factory.mktemp("source") / "outside"
    shutil.copytree(SOURCE, source, ignore=shutil.ignore_patterns("__pycache__"))
    target = tmp_path_factory.mktemp("site")
    options = ["--quiet", "--no-index", "--no-deps", "--no-build-isolation", "--target", str(target)]
    subprocess.run([sys.executable, "-m", "pip", "install", *options, str(source)], check=True)
    return target


def harness(installed: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(installed)}
    command = [sys.executable, "-m", "harness", *arguments]
    return subprocess.run(command, env=environment, cwd=REPOSITORY, capture_output=True, text=True, check=False)


def test_the_package_is_listed_with_its_origin(installed: Path) -> None:
    stages = {entry["id"]: entry for entry in json.loads(harness(installed, "list", "stages", "--json").stdout)}
    assert "bright-spots (bright_spots.method:BrightSpots)" in json.dumps(stages["bright-spots"])
    assert "No module named 'bright_spots.absent'" in json.dumps(stages["broken-method"])
    assert "found-ratio" in harness(installed, "list", "metrics").stdout
    assert "outside-spots" in harness(installed, "list", "datasets").stdout


def test_without_the_package_nothing_of_it_is_known() -> None:
    assert "bright-spots" not in harness(SOURCE / "nowhere", "list", "stages").stdout


def test_a_suite_mixes_what_is_inside_and_outside(installed: Path, tmp_path: Path) -> None:
    suite = tmp_path / "outside.toml"
    suite.write_text(SUITE)
    results = tmp_path / "results"
    ran = harness(installed, "run", str(suite), "--results", str(results), "--json")
    assert ran.returncode == 0, ran.stderr
    counts = json.loads(ran.stdout.splitlines()[-1])
    published = counts.pop("published")
    assert counts == {"cells": 4, "computed": 4, "cached": 0, "failed": 0, "missing": 0}
    assert set(published.values()) == {0}
    lines = (results / "outside" / "v1" / "smoke" / "scores.jsonl").read_text().splitlines()
    records = [json.loads(line) for line in lines]
    assert {record["row"] for record in records} == {"outside", "inside"}
    assert all(record["metrics"]["found-ratio"] > 0 for record in records)


def test_the_same_file_works_as_a_single_plugin(tmp_path: Path) -> None:
    plugin = tmp_path / "method.py"
    shutil.copy(SOURCE / "bright_spots" / "method.py", plugin)
    suite = tmp_path / "outside.toml"
    phantom = SUITE.replace("outside-spots", "phantom-nuclei-2d").replace('"found-ratio", ', "")
    suite.write_text(
        phantom.replace(
            'data = [{ dataset = "phantom-nuclei-2d" }]',
            'data = [{ dataset = "phantom-nuclei-2d", samples = ["test-1"] }]',
        )
    )
    results = str(tmp_path / "results")
    ran = harness(tmp_path / "none", "run", str(suite), "--plugin", str(plugin), "--results", results, "--json")
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout.splitlines()[-1])["computed"] == 2
