from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import ConfigError
from harness.suite import expand
from harness.suite.settings import with_settings
from tests.helpers import SUITE, FakeCatalogue, FakeDataset, FakeSample, Project, temp_project

ROWS = """
[tiers.smoke.stages.blur]
sigma = 2.0
[[rows]]
id = "otsu"
stages = [{ id = "blur" }, { id = "cut" }]
[[rows]]
id = "sharp"
stages = [{ id = "blur", sigma = 0.5 }, { id = "cut" }]
[rows.tiers.smoke]
data = [{ dataset = "flat", samples = ["b"] }]
[rows.tiers.smoke.stages.blur]
sigma = 4.0
"""
FLAT = SUITE.partition("[tiers.paper]")[0].replace("[tiers.smoke]", '[tiers.smoke]\ntruth = "gold"')


@pytest.fixture
def project(tmp_path: Path) -> Project:
    flat = FakeDataset("flat", {"a": FakeSample(), "b": FakeSample()}, label_names=("gold",))
    mine = FakeDataset("mine", {"x": FakeSample()}, label_names=())
    return replace(temp_project(tmp_path), catalogue=FakeCatalogue([flat, mine]))


def cells(project: Project, *lines: str) -> list[tuple[str, str, str, float]]:
    suite = with_settings(project.suite(FLAT + ROWS), lines)
    found = expand(suite, "smoke", project.catalogue, project.stages, project.metrics)
    return [(cell.row, cell.data.dataset, cell.sample, dict(cell.chain[0].parameters)["sigma"]) for cell in found]


def test_nothing_set_is_the_suite_itself(project: Project) -> None:
    suite = project.suite(FLAT + ROWS)
    assert with_settings(suite, []) is suite
    assert ("sharp", "flat", "b", 4.0) in cells(project)


def test_data_of_one_s_own_without_labels_take_the_place_of_the_suite_s(project: Project) -> None:
    found = cells(project, 'data=[{dataset="mine"}]', 'truth=""')
    assert found == [("otsu", "mine", "x", 2.0), ("sharp", "mine", "x", 4.0)]


def test_a_parameter_is_that_of_every_row(project: Project) -> None:
    assert {sigma for *_, sigma in cells(project, "stages.blur.sigma = 7.5")} == {7.5}


def test_lines_are_joined(project: Project) -> None:
    found = cells(project, "stages.blur.sigma=1.5", 'data=[{dataset="flat", samples=["a"]}]', "stages.blur.sigma=2.5")
    assert found == [("otsu", "flat", "a", 2.5), ("sharp", "flat", "a", 2.5)]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("stages.blor.sigma=1.0", "no row of suite '.*' has a stage 'blor'; did you mean 'blur'"),
        ("sigma", "found 'sigma' .*; accepted: lines of TOML as"),
        ("dota=1", "--set:1.*dota"),
        ("repeats=0", "--set:1.*repeats"),
    ],
)
def test_mistakes(project: Project, line: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        with_settings(project.suite(FLAT + ROWS), [line])


def test_an_unknown_parameter_is_named(project: Project) -> None:
    with pytest.raises(ConfigError, match="did you mean 'sigma'"):
        cells(project, "stages.blur.sigmo=1.0")
