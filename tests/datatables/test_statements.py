from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.datatables.statements import (
    StatementInputs,
    array_statements,
    availability_statements,
    compute_statements,
    object_statements,
    sample_statements,
    statement_inputs,
    weights_statements,
)
from harness.errors import ConfigError, DataError
from harness.model import Volume
from harness.suite.datarows import COMPUTED
from tests.datatables.demo import SUMMARY, demo_project, head, sample
from tests.helpers import FakeAvailability, FakeSample, Project, toy_weights


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return demo_project(tmp_path)


def inputs_of(project: Project, text: str = SUMMARY) -> StatementInputs:
    suite = project.suite(text)
    return statement_inputs(suite, suite.data_rows[0], "paper", project.catalogue)


def facts_of(project: Project, text: str = SUMMARY) -> dict[str, Any]:
    facts = compute_statements(inputs_of(project, text), project.catalogue)
    table = project.suite(text).file.table
    assert table is not None
    assert set(facts) <= set(COMPUTED[table])
    return facts


def row(table: str, text: str) -> str:
    return f'{head(table)}\n[[data_rows]]\nid = "row"\n{text}\n'


def test_a_sample(project: Project) -> None:
    facts = facts_of(project)
    assert facts["count"] == 2
    assert facts["shape"] == (2, 4, 5)
    assert facts["extent_zyx"] == pytest.approx((0.5674, 0.5072, 0.634))
    assert facts["object_extent_zyx"] == (1.0, 1.5, 2.0)
    assert facts["channels"] == ("noisy", "clear")
    assert "samples" not in facts


def test_a_dataset(project: Project) -> None:
    facts = facts_of(project, row("dataset-summary", 'dataset = "volumes"'))
    assert (facts["samples"], facts["dimensions"], facts["labels"]) == (5, 3, ("gold", "initial", "nuclei"))


def test_keys_follow_the_data_the_source_and_nothing_printed(project: Project) -> None:
    inputs = inputs_of(project)
    assert inputs.reads
    assert list(inputs.data) == ["volumes/N1"]
    assert inputs_of(project, SUMMARY.replace("count = 2", "count = 3").replace("First", "1st")).key == inputs.key
    assert inputs_of(project, SUMMARY.replace('label = "gold"', 'label = "nuclei"')).key != inputs.key
    assert inputs_of(project, SUMMARY.replace('sample = "N1"', 'sample = "N2"')).key != inputs.key
    project.catalogue.dataset("volumes").hashes = {"N1": "changed"}
    assert inputs_of(project).key != inputs.key


def test_keys_of_declared_facts_follow_the_declaration_alone(project: Project) -> None:
    text = row("folds", 'dataset = "volumes"\nsplit = "default"\nfold = "2"')
    inputs = inputs_of(project, text)
    assert not inputs.reads
    assert list(inputs.data) == [f"volumes/N{n}" for n in (2, 3, 4, 1, 5)]
    project.catalogue.dataset("volumes").hashes = {"N1": "changed"}
    assert inputs_of(project, text).key == inputs.key


def test_data_that_is_not_here(project: Project) -> None:
    project.catalogue.dataset("volumes").found = FakeAvailability(False, "needs registration", "fill in the form")
    with pytest.raises(DataError, match="dataset 'volumes': needs registration; fill in the form"):
        facts_of(project)


@pytest.mark.parametrize("name", ["initial", "absent"])
def test_a_label_image_that_the_sample_has_not(project: Project, name: str) -> None:
    with pytest.raises(ConfigError, match=f"has no label image '{name}'"):
        sample_statements(sample(), name)


def test_a_spacing_that_nobody_states() -> None:
    known = sample()
    bare = sample_statements(type(known)("d", "N1", Volume(known.image.array, "CZYX"), known.labels, "hash"), None)
    assert bare == {"shape": (2, 4, 5)}


CHANNELS = 'dataset = "volumes"\nsample = "N1"\n'


def test_channels(project: Project) -> None:
    facts = facts_of(project, row("channels", CHANNELS + 'channel = "clear"'))
    assert facts == {"role": "raw", "origin": "stored", "type": "float64", "range": (0.0, 0.0)}
    facts = facts_of(project, row("channels", CHANNELS + 'label = "gold"'))
    assert facts == {"role": "label", "origin": "stored", "type": "uint16", "range": (0, 9), "count": 2}
    volumes = project.catalogue.dataset("volumes")
    volumes.said = {"availability": "generated", "labels": {"gold": SimpleNamespace(source="nuclei")}}
    assert facts_of(project, row("channels", CHANNELS + 'label = "gold"'))["origin"] == "derived from nuclei"
    assert facts_of(project, row("channels", CHANNELS + 'channel = "noisy"'))["origin"] == "generated"
    with pytest.raises(ConfigError, match="dataset 'volumes' has no channel 'wall'; it has: noisy, clear"):
        facts_of(project, row("channels", CHANNELS + 'channel = "wall"'))


def test_an_empty_array_has_no_range() -> None:
    assert array_statements(Volume(np.zeros((0, 3), np.uint8), "YX"), is_label=True) == {"type": "uint8", "count": 0}


def test_folds_under_the_names_of_the_source(project: Project) -> None:
    text = row("folds", 'dataset = "volumes"\nsplit = "default"\nfold = "2"')
    assert facts_of(project, text) == {"test": ("N2",), "train": ("N1", "N3", "N4"), "validation": ("N5",)}
    tags = {"N1": ("z",), "N2": ("a", "b"), "N3": (), "N4": ("c",), "N5": ("5",)}
    project.catalogue.dataset("volumes").samples = {name: FakeSample(tags=own) for name, own in tags.items()}
    assert facts_of(project, text) == {"test": ("N2",), "train": ("N3", "c", "z"), "validation": ("5",)}
    with pytest.raises(ConfigError, match="dataset 'volumes' has no fold '9' in a split 'default'"):
        inputs_of(project, text.replace('fold = "2"', 'fold = "9"'))


def test_weights(project: Project) -> None:
    catalogue = project.catalogue
    catalogue._weights["ready-private"] = toy_weights("p", "private-never-released")
    catalogue.weights("ready-1").declaration.files = [SimpleNamespace(checksum="sha256:1")]
    catalogue.weights("ready-2").declaration.files = [
        SimpleNamespace(checksum="sha256:1"),
        SimpleNamespace(checksum=""),
    ]
    facts = facts_of(project, row("weights-inventory", 'weights = ["ready-*"]'))
    assert (facts["count"], facts["open"], facts["checksums"]) == (6, 5, 1)
    catalogue._weights = {"net/1": toy_weights("1"), "net/2": toy_weights("2"), "one": toy_weights("3")}
    assert weights_statements(["net/1", "net/2", "one"], catalogue)["entries"] == ("net", "one")


def test_weights_whose_path_is_absent_are_registered_all_the_same(project: Project) -> None:
    def absent() -> str:
        raise DataError("no such path")

    project.catalogue.weights("ready-1").hash = absent
    inputs = inputs_of(project, row("weights-inventory", 'weights = ["ready-1"]'))
    assert dict(inputs.data) == {"ready-1": "unavailable: ready-1"}


def test_availability(project: Project) -> None:
    volumes = project.catalogue.dataset("volumes")
    text = row("availability", 'dataset = "volumes"')
    assert facts_of(project, text) == {"availability": "open-direct-download", "licence": "MIT"}
    volumes.said = {"spacing_um": (2.0, 0.2, 0.1)}
    assert availability_statements(volumes)["spacing_xyz"] == (0.1, 0.2, 2.0)


def test_a_suite_of_scores_is_refused(project: Project) -> None:
    suite, other = project.suite(), project.suite(SUMMARY)
    with pytest.raises(ConfigError, match="suite 'demo' is of kind 'scores', not 'data-table'"):
        statement_inputs(suite, other.data_rows[0], "paper", project.catalogue)


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
    assert object_statements(Volume(array, "YX")) == expected


@given(
    st.lists(st.lists(st.integers(0, 4), min_size=4, max_size=4), min_size=1, max_size=4), st.permutations(range(1, 5))
)
def test_objects_do_not_depend_on_their_numbers(rows: list[list[int]], names: list[int]) -> None:
    array = np.array(rows, np.uint16)
    renamed = np.array([0, *(10 * name for name in names)], np.uint16)[array]
    count, extent = object_statements(Volume(array, "YX"))
    assert (count, extent) == object_statements(Volume(renamed, "YX"))
    assert count == len(set(array.ravel()) - {0})
