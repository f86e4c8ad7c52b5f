"""Metrics of the tree keep the contract that others are held to; the door names every mistake of one that does not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.metrics import METRICS, Metric
from harness.metrics.verification import disproved, mistakes

GOOD = METRICS[0]


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.id)
def test_metrics_of_the_tree_keep_the_contract(metric: Metric) -> None:
    assert mistakes(metric) == ()


def test_every_mistake_is_named_with_what_is_accepted() -> None:
    wrong = replace(
        GOOD,
        id="",
        title=3,
        direction="best",
        needs="overlp",
        range=(0.0,),
        edge_cases=("identical",),
        at=("ap", "x"),
        counts=1,
    )
    assert mistakes(wrong) == (
        "id is ''; accepted: a text of letters, digits and - . _ +",
        "title is 3; accepted: a text",
        "range is (0.0,); accepted: (least, greatest) value",
        "at is ('ap', 'x'); accepted: None, or (series, threshold)",
        "direction is 'best'; accepted: higher, lower, none",
        "needs is 'overlp'; did you mean 'overlap'?",
        "counts is 1; accepted: a function",
        "edge_cases is ('identical',); accepted: a tuple of (name of a toy pair, value)",
    )
    unsure = replace(GOOD, edge_cases=(("identical", "1"), ("equal", 1.0)), sparse="safe")
    assert [clause.partition(";")[0] for clause in mistakes(unsure)] == [
        "sparse is 'safe'",
        "edge case 'identical' is '1'",
        "edge_cases name 'equal'",
    ]


def test_edge_cases_are_measured() -> None:
    plain = replace(GOOD, counts=None, value=None, function=lambda table: float(table.n_pred), edge_cases=())
    assert disproved(replace(plain, edge_cases=(("identical", 2.0), ("both empty", 0)))) == ()
    assert disproved(replace(plain, edge_cases=(("identical", 1.0),))) == ("edge case 'identical' is 2; stated: 1",)
    undefined = replace(plain, function=lambda table: float("nan"), edge_cases=(("identical", float("nan")),))
    assert disproved(undefined) == ()
