"""What an undefined image makes of a mean, by the metric's rule or by another."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import LabelError
from harness.metrics import METRICS
from harness.metrics.means import UNDEFINED, Undefined, mean_over, plain_mean, rules_in_words, worst_of

BY_ID = {metric.id: metric for metric in METRICS}
SPOCO, CREMI = BY_ID["sbd.spoco"], BY_ID["arand.cremi"]
LEFT_OUT = replace(CREMI, nan_rule="left out")


@pytest.mark.parametrize(
    ("metric", "undefined", "expected"),
    [
        (CREMI, "by metric", math.nan),
        (LEFT_OUT, "by metric", 0.3),
        (CREMI, "left out", 0.3),
        (LEFT_OUT, "spreads", math.nan),
        (CREMI, "worst", (0.2 + 0.4 + 1.0) / 3),
        (SPOCO, "worst", (0.2 + 0.4 + 0.0) / 3),
    ],
)
def test_the_rule_decides(metric: object, undefined: Undefined, expected: float) -> None:
    assert mean_over([0.2, math.nan, 0.4], metric, undefined) == pytest.approx(expected, nan_ok=True)


@given(st.lists(st.floats(-1, 1), max_size=9), st.sampled_from(UNDEFINED))
def test_no_rule_changes_what_is_defined(values: list[float], undefined: Undefined) -> None:
    expected = plain_mean(values)
    assert mean_over(values, CREMI, undefined) == pytest.approx(expected, abs=0, nan_ok=True)
    assert math.isnan(expected) == (not values)


def test_nothing_defined_is_undefined() -> None:
    assert math.isnan(mean_over([math.nan], CREMI, "left out"))


def test_a_metric_without_worst_value_has_none() -> None:
    assert (worst_of(SPOCO), worst_of(CREMI)) == (0.0, 1.0)
    unbounded = replace(BY_ID["voi.sum"], nan_rule="spreads")
    with pytest.raises(LabelError, match=r"metric 'voi.sum' is undefined for an image and has no worst value"):
        mean_over([1.0, math.nan], unbounded, "worst")
    assert mean_over([1.0], unbounded, "worst") == 1.0
    with pytest.raises(LabelError, match="no worst value"):
        worst_of(BY_ID["count.truth"])
    with pytest.raises(LabelError, match="undefined is 'zero'; accepted: 'by metric', 'spreads', 'left out', 'worst'"):
        mean_over([1.0], CREMI, "zero")


def test_rules_are_said_of_metrics_that_can_be_undefined() -> None:
    said = rules_in_words({"pq": "never", "arand.cremi": "spreads", "sbd.spoco": "spreads", "mine": "left out"})
    assert said == (
        "a mean is undefined where one image is: arand.cremi, sbd.spoco",
        "images where it is undefined are left out of a mean: mine",
    )
    assert rules_in_words({"pq": "never"}) == ()
    assert rules_in_words({"arand.cremi": "spreads"}, "worst") == (
        "an image where it is undefined counts as the worst: arand.cremi",
    )
