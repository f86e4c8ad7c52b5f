from __future__ import annotations

from pathlib import Path

import pytest

from harness.datasets import load_catalogue
from harness.datasets.content import content_of
from harness.errors import DataError
from harness.suite import expand
from tests.helpers import FakeAvailability, FakeDataset, FakeSample, temp_project

PHANTOMS = """
schema = 1
[datasets.flat]
kind = "generated"
title = "Phantoms"
licence = "CC0"
citation = "none"
generator = "nuclei-2d"
parameters = { shape = [32, 32], spacing_um = [0.5, 0.5], objects = 3 }
[datasets.flat.samples]
a = { parameters = { seed = 1 } }
b = { parameters = { seed = 2 } }
left = { from = "a", crop = [[0, 32], [0, 16]] }
"""

ABSENT = """
schema = 1
[datasets.local]
kind = "folder"
title = "Not here"
licence = "CC0"
citation = "none"
path = "no-such-folder"
axes = "YX"
images.raw = { glob = "*.tif" }
labels.gold = { file = "{id}-labels.tif" }
"""


class Broken(FakeDataset):
    def sample_hash(self, sample_id: str) -> str:
        raise DataError("truncated")


def test_content_of_absent_data_names_the_sample() -> None:
    absent = Broken("d", {"a": FakeSample()}, found=FakeAvailability(False, "no folder"))
    assert content_of(absent, "a") == "unavailable: d/a"


def test_content_that_is_here_and_broken_is_an_error() -> None:
    with pytest.raises(DataError, match="truncated"):
        content_of(Broken("d", {"a": FakeSample()}), "a")


def test_content_differs_by_sample_and_suites_expand_over_it(tmp_path: Path) -> None:
    (tmp_path / "datasets.toml").write_text(PHANTOMS, encoding="utf-8")
    catalogue = load_catalogue(tmp_path / "datasets.toml")
    dataset = catalogue.dataset("flat")
    assert dataset.declaration.samples["left"].source == "a"
    assert dataset.declaration.samples["left"].crop == ((0, 32), (0, 16))
    assert len({content_of(dataset, sample) for sample in dataset.sample_ids()}) == 3
    project = temp_project(tmp_path)
    text = """
    schema = 1
    id = "demo"
    version = 1
    title = "Demonstration"
    metrics = ["map.toy"]
    tiers.smoke.data = [{ dataset = "flat", split = "all" }]
    rows = [{ id = "otsu", stages = [{ id = "blur" }, { id = "cut" }] }]
    """
    cells = expand(project.suite(text), "smoke", catalogue, project.stages, project.metrics)
    assert [cell.sample for cell in cells] == ["a", "b"]


def test_cells_of_an_absent_folder_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_DATA", str(tmp_path))
    (tmp_path / "datasets.toml").write_text(ABSENT, encoding="utf-8")
    project = temp_project(tmp_path)
    text = """
    schema = 1
    id = "demo"
    version = 1
    title = "Demonstration"
    metrics = ["map.toy"]
    tiers.smoke.data = [{ dataset = "local" }]
    rows = [{ id = "otsu", stages = [{ id = "blur" }, { id = "cut" }] }]
    """
    cells = expand(
        project.suite(text), "smoke", load_catalogue(tmp_path / "datasets.toml"), project.stages, project.metrics
    )
    assert [(cell.row, cell.sample) for cell in cells] == [("otsu", "*")]
