"""The object behind every command."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import harness
from harness import registry
from harness.errors import ConfigError, RegistryError
from harness.project import Project
from harness.suite import Selection
from harness.suite.schema import ScoresSpec
from tests.cli.project import SUITE, Cli, make_project

REPOSITORY = Path(__file__).resolve().parents[1]

PLUGIN = """
from harness import Stage
class Own(Stage):
    id = "own-of-a-test"
    title = "Own"
    def run(self, inputs, context):
        return inputs["image"]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_project(tmp_path)


def test_the_root_is_found_from_a_folder_below(folder: Path) -> None:
    below = folder / "a" / "b"
    below.mkdir(parents=True)
    project = Project.find(below)
    assert project.root == folder
    assert list(project.suite_paths) == ["toy"]
    assert {"absent", "blobs"} <= set(project.catalogue.dataset_ids())
    assert project.published == folder / "results"
    assert harness.Project is Project


def test_a_folder_in_no_project_has_the_suites_of_the_package(tmp_path: Path) -> None:
    project = Project.find(tmp_path)
    assert "quickstart" in project.suite_paths
    assert "stardist-2d" in project.catalogue.dataset_ids()


def test_suites_are_loaded_once_and_by_id_path_or_value(folder: Path) -> None:
    project = Project.find(folder)
    suite = project.suite("toy")
    assert project.suite(suite) is suite
    assert [one.id for one in project.suites([suite, folder / "suites" / "toy.toml"])] == ["toy"]
    assert [one.id for one in project.suites()] == ["toy"]
    with pytest.raises(ConfigError, match="unknown suite 'tpy'; did you mean 'toy'"):
        project.suite("tpy")


def test_plugins_belong_to_the_project_and_not_to_the_process(folder: Path) -> None:
    plugin = folder / "own.py"
    plugin.write_text(PLUGIN)
    assert "own-of-a-test" in Project.find(folder, plugins=[plugin]).stages
    assert "own-of-a-test" not in registry.stages()
    assert "own-of-a-test" not in Project.find(folder).stages


METRIC = """
from harness import Metric
MINE = Metric(
    id="own-metric", title="one", definition="always 1", source="tests", direction="higher", unit="fraction",
    range=(0.0, 1.0), edge_cases=(), function=lambda table: 1.0,
)
"""


def test_metrics_of_plugins_belong_to_the_project_and_are_laid_over_suites(folder: Path) -> None:
    plugin = folder / "own.py"
    plugin.write_text(METRIC)
    project = Project.find(folder, plugins=[plugin], added_metrics=["own-metric"])
    assert "own-metric" not in registry.metrics()
    suite = project.suite("toy")
    assert suite.metrics == ("map.gonuclear", "arand.elf", "count.pred", "own-metric")
    plain = Project.find(folder)
    assert [cell.key for cell in project.cells(suite, "smoke")] == [
        cell.key for cell in plain.cells(plain.suite("toy"), "smoke")
    ]
    standing = project.results(Path("runs"), suite, "smoke")
    assert standing.origins["own-metric"].distribution == "own.py"
    assert set(standing.origins) == {"own-metric"}
    with pytest.raises(RegistryError, match="unknown metric 'own-metric'"):
        Project.find(folder, added_metrics=["own-metric"]).suite("toy")


def test_catalogues_replace_the_one_that_is_found(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.toml"
    other.write_text((folder / "datasets.toml").read_text().replace("[datasets.blobs]", "[datasets.dots]"))
    assert "dots" in Project.find(folder, catalogues=[other]).catalogue.dataset_ids()


def test_results_join_cells_with_what_a_folder_holds(cli: Cli) -> None:
    records = cli.fake_records()
    project = Project.find(cli.folder)
    suite = project.suite("toy")
    standing = project.results(Path("runs"), suite, "smoke")
    assert set(standing.records) == set(records)
    assert standing.directions == {"map.gonuclear": "higher", "arand.elf": "lower", "count.pred": "none"}
    assert len(project.cells(suite, "smoke", Selection(rows=("otsu",)))) == 2
    assert not project.results(Path("nowhere"), suite, "mini").records


def test_claims_on_printed_values_load_the_suites_they_name(folder: Path) -> None:
    (folder / "suites" / "other.toml").write_text(SUITE.replace('"toy"', '"other"'))
    rule = 'rule = { kind = "equal published", entries = ["otsu", "other/otsu"] }'
    claim = f'[[claims]]\nid = "same"\nsentence = "the same"\n{rule}\n'
    (folder / "suites" / "toy.toml").write_text(SUITE + claim)
    project = Project.find(folder)
    standing = project.results(folder / "runs", project.suite("toy"), "smoke")
    assert list(standing.suites) == ["other"]


def test_rows_of_the_paper_tier_that_do_not_train_are_planned_by_voxels_of_the_mini_tier() -> None:
    project = Project.find(REPOSITORY)
    gold, voxels = (project.suite(name) for name in ("table-2.6", "table-2.7"))
    standing = project.results(project.published, gold, "paper")
    assert project.per_voxel_s(standing).keys() == standing.rows.keys()
    planned = project.per_voxel_s(project.results(project.published, voxels, "paper"))
    assert "plantseg-gold" in planned
    assert "plantseg-isotropic" not in planned, "it trains"
    assert project.per_voxel_s(project.results(project.published, gold, "mini")) == {}


def test_points_of_a_named_pair_lie_on_a_curve_of_their_own(folder: Path) -> None:
    project = Project.find(folder)
    suite = project.suite("toy")
    pair = ScoresSpec(truth="truth", metrics=("ap50.gonuclear", "pq"))
    paired = replace(suite, file=suite.file.model_copy(update={"scores": {"fg": pair}}))
    metrics = project.metrics_of(paired)
    assert metrics["fg:ap50.gonuclear"].at == ("fg:ap.gonuclear", 0.5)
    assert (metrics["fg:ap50.gonuclear"].id, metrics["fg:pq"].at) == ("fg:ap50.gonuclear", None)
