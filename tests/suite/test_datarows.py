from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import ConfigError
from harness.model import Fold
from harness.suite.datarows import COMPUTED, OF_SAMPLE, computed_names, data_row_problems, matching_weights, row_source
from harness.suite.schema import DataRowSpec, DataSource
from tests.helpers import temp_project


def test_every_value_is_described() -> None:
    for table, values in COMPUTED.items():
        assert all(values.values())
        assert computed_names(table) == tuple(values)
    for table, values in OF_SAMPLE.items():
        assert set(values) < set(COMPUTED[table])


def test_a_tier_replaces_the_source_key_by_key() -> None:
    row = DataRowSpec(
        id="N1",
        dataset="paper",
        sample="1135",
        label="gold",
        tiers={"smoke": DataSource(dataset="phantom", sample="a")},
    )
    assert row_source(row, "paper") == DataSource(dataset="paper", sample="1135", label="gold")
    assert row_source(row, "smoke") == DataSource(dataset="phantom", sample="a", label="gold")


def test_a_tier_that_says_something_of_a_row_says_whether_it_is_absent() -> None:
    row = DataRowSpec(
        id="N1",
        dataset="paper",
        absent="not released",
        tiers={"smoke": DataSource(dataset="phantom"), "mini": DataSource(absent="no crop")},
    )
    assert [row_source(row, tier).absent for tier in ("smoke", "mini", "paper")] == ["", "no crop", "not released"]


def test_weights_match_by_pattern() -> None:
    known = ("net/gold/1", "net/gold/2", "net/initial/1", "other")
    assert matching_weights(["net/gold/*"], known) == ("net/gold/1", "net/gold/2")
    assert matching_weights(["other", "net/*/1"], known) == ("net/gold/1", "net/initial/1", "other")
    assert matching_weights(["absent"], known) == ()


SUMMARY = """
schema = 1
id = "demo"
version = 1
title = "Data"
kind = "data-table"
table = "dataset-summary"
tiers.paper = {}
tiers.smoke = {}
[[data_rows]]
id = "N1"
dataset = "volumes"
sample = "N1"
label = "gold"
values = { count = 1118 }
"""


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('dataset = "volumes"\n', "", "demo.toml:10: data_rows.0: row 'N1' names no dataset"),
        (
            '"volumes"',
            '"volume"',
            "demo.toml:12: data_rows.0.dataset: unknown dataset 'volume'; did you mean 'volumes'?",
        ),
        ('sample = "N1"', 'sample = "N9"', "demo.toml:13: data_rows.0.sample: dataset 'volumes' has no sample 'N9'"),
        ('sample = "N1"\n', "", "data_rows.0: row 'N1' names no sample"),
        ('label = "gold"', 'label = "glod"', "demo.toml:14: data_rows.0.label: dataset 'volumes' has no label 'glod'"),
        ('label = "gold"\n', "", "data_rows.0: row 'N1' names no label"),
        (
            'label = "gold"',
            'label = "gold"\ntiers.smoke.sample = "x"',
            "data_rows.0.tiers.smoke.sample: dataset 'volumes' has",
        ),
        ("dataset-summary", "weights-inventory", "row 'N1' names no weights"),
        ("dataset-summary", "folds", "row 'N1' names no split"),
        ("dataset-summary", "patches", "row 'N1' states no volume"),
    ],
)
def test_mistakes(tmp_path: Path, old: str, new: str, message: str) -> None:
    project = temp_project(tmp_path)
    text = SUMMARY.replace(old, new)
    if "summary" not in text:
        text = text.replace("values = { count = 1118 }", "values = {}")
    found = list(data_row_problems(project.suite(text), project.catalogue))
    assert any(message in problem for problem in found), found


NAMED = """
schema = 1
id = "demo"
version = 1
title = "Data"
kind = "data-table"
table = "TABLE"
tiers.paper = {}
[[data_rows]]
id = "row"
dataset = "volumes"
"""


@pytest.mark.parametrize(
    ("table", "keys", "message"),
    [
        ("folds", 'split = "default"\nfold = "1"', ""),
        ("folds", 'split = "default"', "row 'row' names no fold"),
        ("folds", 'split = "plain"', ""),
        ("folds", 'split = "plain"\nfold = "1"', "data_rows.0.fold: dataset 'volumes' has no fold '1'"),
        ("channels", 'sample = "N1"\nchannel = "noisy"', ""),
        ("channels", 'sample = "N1"\nlabel = "gold"', ""),
        ("channels", 'sample = "N1"', "row 'row' names no channel"),
        ("channels", 'sample = "N1"\nchannel = "nosy"', "has no channel 'nosy'; did you mean 'noisy'?"),
        ("channels", 'channel = "noisy"\nvalues = { range = [0, 1] }', "row 'row' names no sample"),
        ("availability", "", ""),
        ("availability", 'tiers.paper = { dataset = "gone" }', "unknown dataset 'gone'"),
        ("availability", 'tiers.paper = { dataset = "gone", absent = "lost" }', ""),
    ],
)
def test_what_each_table_needs(tmp_path: Path, table: str, keys: str, message: str) -> None:
    project = temp_project(tmp_path)
    volumes = project.catalogue.dataset("volumes")
    volumes.splits = {**volumes.splits, "plain": (Fold("", ("N1",)),)}
    found = list(data_row_problems(project.suite(NAMED.replace("TABLE", table) + keys + "\n"), project.catalogue))
    assert (not found) if not message else any(message in problem for problem in found), found


def test_a_note_is_on_a_value_of_the_row(tmp_path: Path) -> None:
    text = SUMMARY + 'stated = { stage = "3-V" }\nconflict = { stage = "illegible", count = "x", stge = "y" }\n'
    with pytest.raises(ConfigError) as caught:
        temp_project(tmp_path).suite(text)
    assert "data_rows.0.conflict.stge: no value is called 'stge'; did you mean 'stage'?" in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_a_good_table(tmp_path: Path) -> None:
    project = temp_project(tmp_path)
    assert list(data_row_problems(project.suite(SUMMARY), project.catalogue)) == []


PATCHES = """
schema = 1
id = "demo"
version = 1
title = "Data"
kind = "data-table"
table = "patches"
tiers.smoke = {}
[[data_rows]]
id = "row"
"""


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ("volume = [9, 9, 9]\nfeasible = [8, 8, 8]\nlevels = 4", ""),
        ("volume = [9, 9, 9]\nfeasible = [8, 8, 8]", "row 'row' states no levels"),
        (
            "volume = [9, 9, 9]\nfeasible = [8, 8]\nlevels = 4",
            "volume and feasible have 3 and 2 sides; accepted: 2 or 3",
        ),
        ("volume = [9]\nfeasible = [8]\nlevels = 4", "volume and feasible have 1 and 1 sides"),
    ],
)
def test_numbers_of_patches(tmp_path: Path, keys: str, message: str) -> None:
    project = temp_project(tmp_path)
    found = list(data_row_problems(project.suite(PATCHES + keys), project.catalogue))
    assert any(message in problem for problem in found) if message else not found, found


def test_levels_that_no_network_has_are_refused(tmp_path: Path) -> None:
    project = temp_project(tmp_path)
    with pytest.raises(ConfigError, match="levels"):
        project.suite(PATCHES + "volume = [9, 9]\nfeasible = [8, 8]\nlevels = 1")
