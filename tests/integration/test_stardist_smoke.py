"""The smoke tier sees a StarDist that is broken, on a row of each backbone and grid, as commands run it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from harness.store import Store
from tests.conftest import REPOSITORY

pytest.importorskip("tensorflow")
pytest.importorskip("stardist")

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("stardist-smoke")]  # one worker: the fixture trains

SUITE = """
schema = 1
id = "small"
version = 1
title = "StarDist as the smoke tier of tables 2.5 to 2.8 trains it"
shared = "shared/gonuclear.toml"

[[rows]]
method = "stardist-resnet-gold"

[[rows]]
id = "stardist-unet-grid-122"
stages = [{ id = "stardist-3d", backbone = "unet", grid = [1, 2, 2] }]
[rows.tiers.smoke.stages.stardist-3d]
net_conv_after = 32
"""

BROKEN = '''
import numpy as np
import stardist.models

from harness import Stage


def predict_instances(self, image, **options):
    labels = np.zeros(image.shape[:3], np.int32)
    {what}
    return labels, {{"prob": np.ones(labels.max(initial=0))}}


stardist.models.StarDist3D.predict_instances = predict_instances


class Unused(Stage):
    """A plug-in file has a stage; what it does to the library is what this one is for."""

    id = "unused"
    title = "Unused"

    def run(self, inputs, context):
        return inputs["image"]
'''
FAULTS = {
    "nothing": "",
    "one object": "labels[...] = 1",
    "boxes": "labels[...] = np.indices(labels.shape).sum(axis=0) // 6",
}
LEAST = 0.05
"""The AP at IoU 0.5 above which a row has learnt something."""


def _harness(folder: Path, cache: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    variables = {name: value for name, value in os.environ.items() if not name.startswith("HARNESS_")}
    variables |= {"HARNESS_CACHE": str(cache), "PYTHONPATH": str(REPOSITORY)}
    return subprocess.run(
        [sys.executable, "-m", "harness", *arguments],
        cwd=folder, env=variables, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip


def _ap50(results: Path) -> dict[str, float]:
    return {one.row: one.metrics["ap50.gonuclear"] for one in Store(results, "small", 1, "smoke").records()}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with both rows computed into `good`."""
    folder = tmp_path_factory.mktemp("smoke")
    shutil.copytree(REPOSITORY / "suites" / "shared", folder / "suites" / "shared")
    shutil.copy(REPOSITORY / "datasets.toml", folder)
    (folder / "suites" / "small.toml").write_text(SUITE)
    done = _harness(folder, folder / "cache", "run", "small", "--tier", "smoke", "--fold", "1", "--results", "good")
    assert done.returncode in (0, 3), done.stderr
    return folder


def test_each_row_finds_objects(trained: Path) -> None:
    found = _ap50(trained / "good")
    assert len(found) == 2
    assert min(found.values()) > LEAST, found


@pytest.mark.parametrize("fault", FAULTS)
def test_a_broken_library_turns_the_gate_red(trained: Path, tmp_path: Path, fault: str) -> None:
    shutil.copytree(trained / "cache" / "models", tmp_path / "cache" / "models")  # what is broken is the prediction
    (tmp_path / "broken.py").write_text(BROKEN.format(what=FAULTS[fault]))
    results = tmp_path / "bad"
    run = ("run", "small", "--tier", "smoke", "--fold", "1", "--results", str(results))
    assert _harness(trained, tmp_path / "cache", *run, "--plugin", str(tmp_path / "broken.py")).returncode in (0, 3)
    assert max(_ap50(results).values()) < LEAST / 2
    gate = ("gate", "small", "--tier", "smoke", "--no-time", "--baseline", "good", "--results", str(results))
    done = _harness(trained, tmp_path / "cache", *gate)
    assert done.returncode == 1, done.stdout + done.stderr
    for row in _ap50(results):
        assert f"| worse | {row} on phantom-ovule/N1 fold 1 |" in done.stdout
