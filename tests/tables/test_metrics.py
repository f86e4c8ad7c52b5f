"""What is printed of a metric is what is declared of it."""

from __future__ import annotations

import math

import pytest

from harness.metrics import METRICS, Metric
from harness.metrics.cases import CASES
from harness.registry import metrics
from harness.tables.metrics import declared, json_number, listed, siblings, value_text, worked_example

BY_ID = {metric.id: metric for metric in METRICS}


@pytest.fixture(params=METRICS, ids=lambda metric: metric.id)
def metric(request: pytest.FixtureRequest) -> Metric:
    return request.param


def test_every_declared_word_is_printed(metric: Metric) -> None:
    facts = declared(metric, "harness.metrics")
    assert (facts["metric"], facts["title"], facts["definition"]) == (metric.id, metric.title, metric.definition)
    assert (facts["source"], facts["unit"]) == (metric.source, metric.unit)
    assert metric.direction in facts["direction"] or metric.direction == "none"
    assert metric.sparse in facts["sparse"]
    assert ("not pooled" in facts["aggregation"]) is (metric.counts is None)
    assert [case for case, _ in facts["edge_cases"]] == [case for case, _ in metric.edge_cases]


def test_a_worked_example_is_an_edge_case_where_the_metric_is_defined(metric: Metric) -> None:
    case, value = worked_example(metric)
    assert case in CASES
    assert (case, value) in metric.edge_cases or math.isnan(value)
    assert not math.isnan(value) or all(math.isnan(other) for _, other in metric.edge_cases)


def test_families_are_listed_by_their_example() -> None:
    by_id = {entry.id: entry.item for entry in listed(metrics())}
    assert set(BY_ID) < set(by_id)
    family = by_id["nsd.surfels.matched.<tolerance>um"]
    assert family.title == "normalised surface dice at <tolerance>um (matched objects)"
    assert family.definition == metrics().get("nsd.surfels.matched.2um").definition


def test_numbers_that_json_has_not_are_words() -> None:
    assert [json_number(value) for value in (0.5, math.nan, math.inf, -math.inf)] == [0.5, "undefined", "inf", "-inf"]
    assert [value_text(value) for value in (2 / 3, 1.0, 0.0, "undefined")] == ["0.6667", "1", "0", "undefined"]


def test_ids_that_differ_in_numbers_are_siblings() -> None:
    found = siblings(["ap50.elf", "ap75.elf", "ap90.elf", "ap50.cellpose4", "dice2.hovernet", "f1.50"])
    assert [line.name for line in found] == ["ap{50,75,90}.elf", "ap50.cellpose4", "dice2.hovernet", "f1.50"]
    assert found[0].title("average precision at IoU .50 (elf)") == "average precision at IoU .{50,75,90} (elf)"


def test_many_siblings_say_first_and_last() -> None:
    names = [line.name for line in siblings(BY_ID)]
    assert {"ap{50…95}.canonical", "ap{50…95}.cellpose4", "f1.{50…95}.stardist", "map.elf", "pq"} <= set(names)
    assert sum(len(line.ids) for line in siblings(BY_ID)) == len(METRICS)
    assert len(names) < len(METRICS) / 2
