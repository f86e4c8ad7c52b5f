"""Metrics laid over a suite change no key; a suite as a record saw it has the keys of that time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import BackendError, ConfigError, RegistryError
from harness.model import Cell
from harness.registry import Entry, Registry
from harness.suite import Suite, expand
from harness.suite.added import as_recorded, with_added_metrics
from tests.helpers import SUITE, FakeCatalogue, FakeDataset, FakeSample, Project, temp_project, toy_metrics

FLAT = SUITE.partition("[tiers.paper]")[0].replace("[tiers.smoke]", '[tiers.smoke]\ntruth = "gold"')
ROW = '[[rows]]\nid = "otsu"\nstages = [{ id = "blur" }, { id = "cut" }]\n'
PAIR = '[scores.fg]\ntruth = "outline"\nmetrics = ["arand.toy"]\n'


@pytest.fixture
def project(tmp_path: Path) -> Project:
    samples = {"a": FakeSample(), "b": FakeSample()}
    flat = FakeDataset("flat", samples, label_names=("gold", "outline"))
    return replace(temp_project(tmp_path), catalogue=FakeCatalogue([flat]))


def expanded(project: Project, suite: Suite) -> tuple[Cell, ...]:
    return expand(suite, "smoke", project.catalogue, project.stages, project.metrics)


def test_added_metrics_are_scored_and_no_key_knows_them(project: Project) -> None:
    suite = project.suite(FLAT + ROW + PAIR)
    known = toy_metrics("map.toy", "arand.toy", "new.toy")
    more = with_added_metrics(suite, ["new.toy", "map.toy", "new.toy"], known)
    assert more.added_metrics == ("new.toy",), "the suite names the other one itself"
    assert more.metrics == ("map.toy", "arand.toy", "new.toy", "fg:arand.toy")
    (before,), (after,) = expanded(project, suite), expanded(project, more)
    assert after.metrics == more.metrics
    assert (after.key, after.seed) == (before.key, before.seed)
    assert with_added_metrics(more, ["new.toy"], known).added_metrics == ("new.toy",)
    assert with_added_metrics(suite, [], known) is suite


def test_a_suite_as_recorded_compared_what_the_record_says(project: Project) -> None:
    scoped = 'border = "drop"\nignore = { image = "outline" }\n'
    plain, now = project.suite(FLAT + ROW + PAIR), project.suite(FLAT + ROW + scoped + PAIR + "ignore = 7\n")
    (before,), (after,) = expanded(project, plain), expanded(project, now)
    assert before.key != after.key
    assert expanded(project, as_recorded(now, plain.metrics, {}))[0].key == before.key
    assert expanded(project, as_recorded(now, plain.metrics, after.scope_json()))[0].key == after.key
    assert expanded(project, as_recorded(plain, plain.metrics, after.scope_json()))[0].key == after.key
    assert expanded(project, as_recorded(now, plain.metrics))[0].key == after.key
    assert after.scope_json() == {"": {"ignore": "outline", "border": "drop", "border_px": 1}, "fg": {"ignore": 7}}


def test_wrong_metrics_are_refused(project: Project) -> None:
    suite = project.suite(FLAT + ROW)
    with pytest.raises(RegistryError, match=r"unknown metric 'map\.toi'; did you mean 'map\.toy'"):
        with_added_metrics(suite, ["map.toi"], project.metrics)
    with pytest.raises(RegistryError, match=r"'fg:map\.toy' is of a named pair"):
        with_added_metrics(suite, ["fg:map.toy"], project.metrics)
    broken: Registry = Registry("metric")
    broken.add(Entry("bad", None, "somewhere", "it fails"))
    with pytest.raises(BackendError, match="it fails"):
        with_added_metrics(suite, ["bad"], broken)
    table = replace(suite, file=suite.file.model_copy(update={"kind": "data-table"}))
    with pytest.raises(ConfigError, match="is a data table; it has no metrics"):
        with_added_metrics(table, ["map.toy"], project.metrics)


def test_a_suite_as_recorded_has_the_keys_of_that_time(project: Project) -> None:
    one = project.suite(FLAT.replace(', "arand.toy"]', "]") + ROW)
    (then,) = expanded(project, one)
    now = project.suite(FLAT + ROW + PAIR)
    (today,) = expanded(project, now)
    assert today.key != then.key
    assert expanded(project, as_recorded(now, then.metrics))[0].key == then.key
    assert expanded(project, as_recorded(now, today.metrics))[0].key == today.key


def test_pairs_of_tiers_and_rows_are_those_of_that_time_too(project: Project) -> None:
    plain = project.suite(FLAT + ROW)
    (then,) = expanded(project, plain)
    for holder in ("tiers.smoke.scores", "rows.scores", "rows.tiers.smoke.scores"):
        now = project.suite(FLAT + ROW + PAIR.replace("scores", holder, 1))
        assert expanded(project, now)[0].key != then.key
        assert expanded(project, as_recorded(now, then.metrics))[0].key == then.key
