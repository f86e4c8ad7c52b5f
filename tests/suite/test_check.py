from __future__ import annotations

import pytest

from harness.errors import ConfigError
from harness.suite import check_suite
from harness.suite.check import file_problems, registry_problems
from tests.helpers import SUITE, Project, toy_metrics, toy_stages


def test_a_good_suite_has_no_problems(project: Project) -> None:
    suite = project.suite()
    assert list(file_problems(suite)) == []
    assert list(registry_problems(suite, project.stages, project.metrics)) == []
    check_suite(suite, project.catalogue, project.stages)


def test_every_tier_is_checked_against_the_catalogue(project: Project) -> None:
    text = SUITE.replace('"flat"', '"falt"').replace('split = "default"', 'split = "defualt"')
    with pytest.raises(ConfigError) as caught:
        check_suite(project.suite(text), project.catalogue, project.stages)
    first, second = str(caught.value).splitlines()
    assert first == "demo.toml:9: tiers.smoke.data.0.dataset: unknown dataset 'falt'; did you mean 'flat'?"
    assert "dataset 'volumes' has no split 'defualt'; did you mean 'default'?" in second


def test_a_mistake_is_said_once_for_all_tiers(project: Project) -> None:
    suite = project.suite()
    found = list(registry_problems(suite, toy_stages(), toy_metrics("map.toy")))
    assert found == ["demo.toml:6: metrics.1: unknown metric 'arand.toy'; did you mean 'map.toy'?"]


DATA_TABLE = """
schema = 1
id = "demo"
version = 1
title = "Data"
kind = "data-table"
table = "folds"
tiers.paper = {}

[[data_rows]]
id = "1"
dataset = "volumes"
split = "default"
fold = "1"
values = { test = ["N1"], train = ["N2", "N3", "N5"] }
"""


def test_a_good_data_table(project: Project) -> None:
    check_suite(project.suite(DATA_TABLE), project.catalogue, project.stages)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('table = "folds"\n', "", "kind 'data-table' needs 'table'"),
        ('kind = "data-table"\n', "", "'table' does not belong to kind 'scores'"),
        ('title = "Data"', 'title = "Data"\nmetrics = ["map.toy"]', "'metrics' does not belong to kind 'data-table'"),
        (
            "test = [",
            "tset = [",
            "demo.toml:15: data_rows.0.values.tset: no value is called 'tset'; did you mean 'test'?",
        ),
        ('table = "folds"', 'table = "splits"', "Input should be 'dataset-summary'"),
    ],
)
def test_mistakes_of_data_tables(project: Project, old: str, new: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        project.suite(DATA_TABLE.replace(old, new))
    assert message in str(caught.value)


def test_data_rows_are_checked_against_the_catalogue(project: Project) -> None:
    suite = project.suite(DATA_TABLE.replace('fold = "1"', 'fold = "9"'))
    with pytest.raises(ConfigError, match=r"demo\.toml:14: data_rows\.0\.fold: dataset 'volumes' has no fold '9'"):
        check_suite(suite, project.catalogue, project.stages)


SWEEP = (
    SUITE
    + """
[[matrix]]
id = "{mode}-{n}"
axes = { mode = ["mean", "median"], n = [1, 2] }
stages = [{ id = "blur" }, { id = "cut", mode = "{mode}", size = ["{n}", "{n}"] }]

[[figures]]
id = "1"
x = "n"
lines = "mode"
y = "map.toy"
"""
)


def test_a_good_figure(project: Project) -> None:
    check_suite(project.suite(SWEEP), project.catalogue, project.stages)
    seconds = SWEEP.replace('y = "map.toy"', 'y = { seconds = true, since = "blur" }\nscale = "log"')
    assert project.suite(seconds).file.figures[0].scale == "log"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('x = "n"', 'x = "m"', "demo.toml:33: figures.0.x: no axis of the rows is called 'm'"),
        ('lines = "mode"', 'panels = "moed"', "no axis of the rows is called 'moed'; did you mean 'mode'?"),
        ('y = "map.toy"', 'y = "map.tyo"', "no metric of this suite is called 'map.tyo'"),
        ('y = "map.toy"', 'y = { seconds = true, since = "ctu" }', "no stage of this suite is called 'ctu'"),
        ('lines = "mode"\n', "", "figure '1' has rows 'mean-1' and 'median-1' at one place; 'rows' must choose"),
        ('y = "map.toy"', 'y = "map.toy"\nrows = { n = 3 }', "figure '1': no row has n = 3; accepted: 1, 2"),
        ('x = "n"', 'x = "threshold"', "no series of metrics is called 'map.toy'"),
        (
            'y = "map.toy"',
            'y = "map.toy"\n[[figures]]\nid = "1"\nx = "n"\ny = "map.toy"',
            "figure '1' is declared twice",
        ),
    ],
)
def test_mistakes_of_figures(project: Project, old: str, new: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        project.suite(SWEEP.replace(old, new))
    assert message in str(caught.value)
