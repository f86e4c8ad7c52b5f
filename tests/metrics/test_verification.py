"""Metrics of the tree keep the contract that others are held to; the door names every mistake of one that does not."""

from __future__ import annotations

import math
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
    misspelt = replace(GOOD, edge_cases=(("identicl", 1.0),))
    assert mistakes(misspelt) == ("edge_cases name 'identicl'; did you mean 'identical'?",)


def test_edge_cases_are_measured() -> None:
    plain = replace(GOOD, counts=None, value=None, function=lambda table: float(table.n_pred), edge_cases=())
    assert disproved(replace(plain, edge_cases=(("identical", 2.0), ("both empty", 0)))) == ()
    assert disproved(replace(plain, edge_cases=(("identical", 1.0),))) == ("edge case 'identical' is 2; stated: 1",)
    undefined = replace(plain, function=lambda table: float("nan"), edge_cases=(("identical", float("nan")),))
    assert disproved(undefined) == ()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", "two words"),
        ("id", "-first"),
        ("title", " "),
        ("unit", ""),
        ("range", (1.0, 0.0)),
        ("range", (0.0, 0.0)),
        ("range", (0.0, 1.0, 2.0)),
        ("range", [0.0, 1.0]),
        ("range", (False, 1.0)),
        ("range", ("0", 1.0)),
        ("at", ("ap",)),
        ("at", ["ap", 0.5]),
        ("at", ("", 0.5)),
        ("at", ("ap", True)),
        ("value", 3),
        ("edge_cases", [("identical", 1.0)]),
        ("edge_cases", (("identical", 1.0, 2.0),)),
        ("edge_cases", (["identical", 1.0],)),
        ("edge_cases", (("identical", True),)),
        ("needs", None),
    ],
)
def test_one_mistake_is_one_clause(field: str, value: object) -> None:
    (clause,) = mistakes(replace(GOOD, **{field: value}))
    assert clause.startswith(field if field != "edge_cases" else "edge")


def test_a_function_that_fails_is_said_on_one_line() -> None:
    def fails(_: object) -> float:
        raise ValueError("two\nlines")

    broken = replace(GOOD, counts=None, value=None, function=fails, edge_cases=(("identical", 1.0),))
    assert disproved(broken) == ("edge case 'identical' fails: ValueError: two lines",)


@pytest.mark.parametrize(
    ("found", "stated", "told"),
    [
        (0.50004, 0.5, ()),
        (0.50006, 0.5, ("edge case 'identical' is 0.50006; stated: 0.5",)),
        (1000.1, 1000.0, ("edge case 'identical' is 1000.1; stated: 1000",)),
        (1000000.0002, 1000000.0, ("edge case 'identical' is 1e+06; stated: 1e+06",)),
        (2.0, math.nan, ("edge case 'identical' is 2; stated: nan",)),
        (math.nan, 2.0, ("edge case 'identical' is nan; stated: 2",)),
    ],
)
def test_an_edge_case_holds_to_four_decimals(found: float, stated: float, told: tuple[str, ...]) -> None:
    one = replace(GOOD, counts=None, value=None, function=lambda _: found, edge_cases=(("identical", stated),))
    assert disproved(one) == told
