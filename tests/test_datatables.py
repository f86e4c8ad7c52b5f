from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.datatables import compute_data_table, object_facts, sample_facts
from harness.errors import ConfigError
from harness.model import Sample, Volume
from tests.helpers import FakeAvailability, Project, temp_project, toy_weights


def head(table: str) -> str:
    return f"""
    schema = 1
    id = "demo"
    version = 1
    title = "Data"
    kind = "data-table"
    table = "{table}"
    tiers.paper = {{}}
    tiers.smoke = {{}}
    """


SUMMARY = (
    head("dataset-summary")
    + """
    [[data_rows]]
    id = "N1"
    title = "First"
    dataset = "volumes"
    sample = "N1"
    label = "gold"
    values = { count = 2, spacing_xyz = [0.126, 0.126, 0.284], channels = ["noisy", "clear"] }
    tolerance = { spacing_xyz = 0.001 }
    conflict = { count = "printed 3 elsewhere" }
    stated = { stage = "3-V" }
"""
)


def sample(labels: np.ndarray | None = None) -> Sample:
    array = np.zeros((2, 4, 5), np.uint16)
    array[0, :2, :3] = 7
    array[1, 3, 4] = 9
    truth = Volume(array if labels is None else labels, "ZYX", (0.2837, 0.1268, 0.1268))
    image = Volume(np.zeros((2, 2, 4, 5)), "CZYX", truth.spacing_um, ("noisy", "clear"))
    return Sample("volumes", "N1", image, {"gold": truth}, "hash")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = temp_project(tmp_path)
    volumes = project.catalogue.dataset("volumes")
    volumes.channels = ("noisy", "clear")
    volumes.content = {"N1": sample()}
    return project


def test_a_row_is_computed_and_compared(project: Project) -> None:
    (row,) = compute_data_table(project.suite(SUMMARY), "paper", project.catalogue)
    assert (row.id, row.title, row.missing, row.stated) == ("N1", "First", "", {"stage": "3-V"})
    assert row.computed["count"] == 2
    assert row.computed["shape"] == (2, 4, 5)
    assert row.computed["extent_zyx"] == pytest.approx((0.5674, 0.5072, 0.634))
    assert row.computed["object_extent_zyx"] == (1.0, 1.5, 2.0)
    assert row.computed["samples"] == 5
    assert {name: verdict.outcome for name, verdict in row.verdicts.items()} == {
        "count": "reproduced",
        "spacing_xyz": "reproduced",
        "channels": "reproduced",
    }
    assert row.verdicts["count"].reason == "printed 3 elsewhere"


def test_differences_are_named(project: Project) -> None:
    text = SUMMARY.replace("count = 2", "count = 3").replace("spacing_xyz = 0.001", "spacing_xyz = 0.0001")
    (row,) = compute_data_table(project.suite(text), "paper", project.catalogue)
    assert row.verdicts["count"].outcome == "not reproduced"
    assert row.verdicts["count"].reason == "computed 2, printed 3; printed 3 elsewhere"
    assert "(allowed difference: 0.0001)" in row.verdicts["spacing_xyz"].reason


def test_smaller_tiers_are_computed_and_not_judged(project: Project) -> None:
    (row,) = compute_data_table(project.suite(SUMMARY), "smoke", project.catalogue)
    assert row.computed["count"] == 2
    assert {verdict.outcome for verdict in row.verdicts.values()} == {"not comparable"}


def test_data_that_is_not_here_is_missing_with_its_reason(project: Project) -> None:
    project.catalogue.dataset("volumes").found = FakeAvailability(False, "needs registration")
    (row,) = compute_data_table(project.suite(SUMMARY), "paper", project.catalogue)
    assert row.missing == "dataset 'volumes': needs registration"
    assert row.computed == {}
    assert {verdict.outcome for verdict in row.verdicts.values()} == {"missing"}


def test_values_that_the_data_does_not_say_are_missing(project: Project) -> None:
    known = sample()
    bare = Sample("volumes", "N1", Volume(known.image.array, "CZYX"), known.labels, "hash")
    project.catalogue.dataset("volumes").content = {"N1": bare}
    (row,) = compute_data_table(project.suite(SUMMARY), "paper", project.catalogue)
    assert row.verdicts["spacing_xyz"].outcome == "missing"
    assert row.verdicts["spacing_xyz"].reason == "the data does not say it"


def test_folds(project: Project) -> None:
    text = (
        head("folds")
        + """
    [[data_rows]]
    id = "1"
    dataset = "volumes"
    split = "default"
    fold = "2"
    values = { test = ["N2"], train = ["N1", "N3", "N4"], validation = ["N4"] }
    """
    )
    (row,) = compute_data_table(project.suite(text), "paper", project.catalogue)
    assert [verdict.outcome for verdict in row.verdicts.values()] == ["reproduced", "reproduced", "not reproduced"]
    (row,) = compute_data_table(project.suite(text.replace('fold = "2"', 'fold = "9"')), "paper", project.catalogue)
    assert row.missing == "dataset 'volumes' has no fold '9' in a split 'default'"


def test_weights_inventory(project: Project) -> None:
    project.catalogue._weights["ready-private"] = toy_weights("p", "private-never-released")
    text = (
        head("weights-inventory")
        + """
    [[data_rows]]
    id = "ready"
    weights = ["ready-*"]
    values = { count = 6, open = 6 }
    """
    )
    (row,) = compute_data_table(project.suite(text), "paper", project.catalogue)
    assert row.computed == {"count": 6, "open": 5}
    assert [verdict.outcome for verdict in row.verdicts.values()] == ["reproduced", "not reproduced"]


def test_a_suite_of_scores_is_refused(project: Project) -> None:
    with pytest.raises(ConfigError, match="suite 'demo' is of kind 'scores', not 'data-table'"):
        compute_data_table(project.suite(), "paper", project.catalogue)


def test_unknown_label_image_is_refused() -> None:
    with pytest.raises(ConfigError, match="has no label image 'initial'"):
        sample_facts(sample(), "initial")


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (np.zeros((3, 3), np.uint8), (0, (0.0, 0.0))),
        (np.full((3, 4), 5, np.uint8), (1, (3.0, 4.0))),
        (np.array([[0, 2**63 - 1], [1, 1]], np.uint64), (2, (1.0, 1.5))),
        (np.zeros((0, 3), np.uint8), (0, (0.0, 0.0))),
    ],
)
def test_objects_of_special_images(array: np.ndarray, expected: Any) -> None:
    assert object_facts(Volume(array, "YX")) == expected


@given(
    st.lists(st.lists(st.integers(0, 4), min_size=4, max_size=4), min_size=1, max_size=4), st.permutations(range(1, 5))
)
def test_objects_do_not_depend_on_their_numbers(rows: list[list[int]], names: list[int]) -> None:
    array = np.array(rows, np.uint16)
    renamed = np.array([0, *(10 * name for name in names)], np.uint16)[array]
    count, extent = object_facts(Volume(array, "YX"))
    assert (count, extent) == object_facts(Volume(renamed, "YX"))
    assert count == len(set(array.ravel()) - {0})
