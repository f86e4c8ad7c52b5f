"""Rows that a suite asks for metrics of confidences, and what gives them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from harness.errors import ConfigError
from harness.model import Volume
from harness.registry import Entry
from harness.stages.contract import Context, Stage
from harness.stages.values import Value
from harness.suite import expand
from tests.helpers import Project, toy_metrics, toy_stages
from tests.suite.test_scored import catalogue, cells, suite_with


class Sure(Stage):
    id = "sure"
    title = "Makes labels and is sure of them"
    outputs = ("labels", "confidences")

    def run(self, inputs: Mapping[str, Volume], context: Context) -> Mapping[str, Value]:
        raise AssertionError


@pytest.fixture
def ranked(project: Project) -> Project:
    stages = toy_stages()
    stages.add(Entry(Sure.id, Sure, "tests"))
    return replace(project, stages=stages, metrics=toy_metrics("map.toy", "arand.toy", "coco.ap"))


def sure(text: str) -> str:
    return text.replace('{ id = "cut" }]', '{ id = "sure" }]')


RANKED = '[scores.ranked]\npred = "labels"\ntruth = "truth"\nmetrics = ["map.toy", "coco.ap"]\n'


def test_a_row_whose_chain_gives_them_is_scored(ranked: Project) -> None:
    (cell,) = cells(ranked, sure(suite_with(RANKED)), ("gold",))
    assert cell.metrics[-1] == "ranked:coco.ap"


def test_a_row_without_them_is_refused_with_its_line(ranked: Project) -> None:
    with pytest.raises(
        ConfigError,
        match=r"toml:\d+: scores\.ranked\.metrics\.1: row 'otsu': metric 'coco.ap' needs the confidences of objects, "
        "and no stage of its chain gives 'confidences'",
    ):
        cells(ranked, suite_with(RANKED), ("gold",))
    own = suite_with("").replace('metrics = ["map.toy"', 'metrics = ["coco.ap", "map.toy"')
    with pytest.raises(ConfigError, match=r"metrics\.0: row 'otsu': metric 'coco.ap' needs the confidences"):
        cells(ranked, own, ("gold",))


def test_a_metric_of_a_plug_in_is_asked_whether_it_ranks(project: Project) -> None:
    """The package knows none of these ids: what the project registers says that one of them reads confidences."""
    text = suite_with('[scores.ranked]\npred = "labels"\ntruth = "truth"\nmetrics = ["coco.own", "map.own"]\n')
    own = replace(project, metrics=toy_metrics("map.toy", "arand.toy", "coco.own", "map.own"))
    with pytest.raises(ConfigError, match=r"scores\.ranked\.metrics\.0: .*metric 'coco.own' needs the confidences"):
        cells(own, text, ("gold",))


def test_they_are_those_of_labels_alone(ranked: Project) -> None:
    text = sure(suite_with(RANKED)).replace('pred = "labels"', 'pred = "probability"')
    with pytest.raises(ConfigError, match="it is scored on 'probability'; accepted: pred = \"labels\""):
        cells(ranked, text, ("gold",))


def test_a_metric_laid_over_a_suite_is_left_out_where_nothing_gives_them(ranked: Project) -> None:
    own = ("map.toy", "arand.toy")
    for text, expected in ((sure(suite_with("")), (*own, "coco.ap")), (suite_with(""), own)):
        suite = replace(ranked.suite(text), added_metrics=("coco.ap",))
        (cell,) = expand(suite, "smoke", catalogue(("gold",)), ranked.stages, ranked.metrics)
        assert cell.metrics == expected
