"""What a row compares, from the dataset to the row's tier, in cells and in their keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness import registry
from harness.errors import ConfigError
from harness.model import Cell, Scope
from harness.registry import Entry
from harness.suite.compared import IgnoreImage
from tests.helpers import FakeCatalogue, FakeDataset, FakeSample, Project, temp_project, toy_metrics
from tests.suite.test_scored import suite_with

OUTLINE = '[scores.fg]\ntruth = "outline"\nmetrics = ["arand.toy"]\n'


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return temp_project(tmp_path)


def cell_of(project: Project, text: str, said: Mapping[str, Any] | None = None) -> Cell:
    samples = {"a": FakeSample(), "b": FakeSample()}
    data = FakeDataset("flat", samples, label_names=("gold", "outline", "ambiguous"), said=said or {})
    return replace(project, catalogue=FakeCatalogue([data])).cells(text)[0]


def test_keys_know_of_a_scope_only_where_one_is_declared(project: Project) -> None:
    plain = cell_of(project, suite_with(OUTLINE))
    assert [pair.scope for pair in plain.scores] == [Scope(), Scope()]
    declared = cell_of(project, suite_with(OUTLINE), {"ignore": 255})
    assert [pair.scope for pair in declared.scores] == [Scope(255), Scope()]
    taken_back = cell_of(project, suite_with("ignore = false\n" + OUTLINE), {"ignore": 255})
    assert taken_back.scores[0].scope == Scope()
    assert plain.key == taken_back.key != declared.key
    assert plain.seed == declared.seed


def test_the_row_wins_over_the_tier_and_a_further_pair_speaks_for_itself(project: Project) -> None:
    text = suite_with('border = "keep"\n' + OUTLINE + 'border = "drop"\nignore = { image = "ambiguous" }\n')
    text = text.replace("[tiers.smoke]", '[tiers.smoke]\nborder = "drop"\nborder_px = 2\nignore = 7')
    own, further = cell_of(project, text).scores
    assert own.scope == Scope(7, "keep", 2)
    assert further.scope == Scope("ambiguous", "drop", 1)


def test_a_label_image_of_the_dataset_is_ignored(project: Project) -> None:
    cell = cell_of(project, suite_with(""), {"ignore": IgnoreImage(image="ambiguous")})
    assert cell.scores[0].scope == Scope("ambiguous")
    with pytest.raises(ConfigError, match=r"toml:\d+: .*no label image 'ambigous' to ignore; did you mean 'ambiguous'"):
        cell_of(project, suite_with('ignore = { image = "ambigous" }\n'))
    with pytest.raises(ConfigError, match=r"scores\.fg\.ignore: .*no label image 'x' to ignore"):
        cell_of(project, suite_with(OUTLINE + 'ignore = { image = "x" }\n'))


def test_dense_metrics_on_sparse_truth_are_refused_with_the_nearest_that_hold(project: Project) -> None:
    with pytest.raises(ConfigError, match=r"metrics\.0: row 'otsu' on dataset 'flat': metric 'map.toy' counts what is"):
        cell_of(project, suite_with(""), {"sparse": True})
    assert cell_of(project, suite_with("sparse = false\n"), {"sparse": True}).scores[0].scope == Scope()
    known = toy_metrics()
    known.add(Entry("recall.toy", toy_metrics("recall.toy", sparse="sparse safe").get("recall.toy"), "tests"))
    with pytest.raises(
        ConfigError, match=r"scores\.fg\.metrics\.0: .*'arand.toy'.*accepted are metrics that hold there: recall\.toy"
    ):
        cell_of(replace(project, metrics=known), suite_with(OUTLINE + "sparse = true\n"))


@pytest.mark.parametrize("metric", ["nsd.surfels.matched.2um", "recall.toy"])
def test_on_sparse_truth_hold_metrics_of_families_and_of_plug_ins(project: Project, metric: str) -> None:
    known = toy_metrics()
    known.add(Entry("recall.toy", toy_metrics("recall.toy", sparse="sparse safe").get("recall.toy"), "tests"))
    for family in registry.metrics().families:
        known.add_family(family, "tests")
    own = replace(project, metrics=known)
    further = OUTLINE.replace("arand.toy", metric) + "sparse = true\n"
    assert cell_of(own, suite_with(further)).scores[1].metrics == (metric,)
    with pytest.raises(ConfigError, match=r"metric 'nsd\.surfels\.2um' counts what is predicted where nothing is"):
        cell_of(own, suite_with(OUTLINE.replace("arand.toy", "nsd.surfels.2um") + "sparse = true\n"))
