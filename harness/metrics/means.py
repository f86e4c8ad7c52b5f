"""Means over images in which a metric may be undefined: what becomes of such an image is the metric's own rule."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal

from harness.errors import LabelError
from harness.metrics.metric import NAN_RULES, Metric, NanRule

Undefined = Literal["by metric", "spreads", "left out", "worst"]
"""What becomes of images where a metric is undefined.

by metric  what its `nan_rule` says
spreads    the mean is undefined too
left out   the mean is over the others; undefined without any
worst      the image gets the worst value that the metric's range has
"""
UNDEFINED: tuple[Undefined, ...] = ("by metric", "spreads", "left out", "worst")


def mean_over(values: Sequence[float], metric: Metric, undefined: Undefined = "by metric") -> float:
    """Return the plain mean of a metric's values over images; NaN for no values.

    Raises `LabelError` for a rule that does not exist, and for "worst" where the metric has no worst value.

    >>> from harness.metrics import METRICS
    >>> by_id = {metric.id: metric for metric in METRICS}
    >>> mean_over([0.5, float("nan")], by_id["sbd.spoco"], "worst")
    0.25
    """
    if undefined not in UNDEFINED:
        raise LabelError(f"undefined is {undefined!r}; accepted: {', '.join(map(repr, UNDEFINED))}")
    rule = metric.nan_rule if undefined == "by metric" else undefined
    if rule == "left out":
        return plain_mean([value for value in values if not math.isnan(value)])
    if rule == "worst" and any(map(math.isnan, values)):
        worst = worst_of(metric)
        return plain_mean([worst if math.isnan(value) else value for value in values])
    return plain_mean(values)


def worst_of(metric: Metric) -> float:
    """Return the worst value in the range of a metric; raises `LabelError` if it has none."""
    low, high = metric.range
    worst = {"higher": low, "lower": high}.get(metric.direction, math.nan)
    if not math.isfinite(worst):
        raise LabelError(
            f"metric '{metric.id}' is undefined for an image and has no worst value (range {low:g} to {high:g}, "
            f"better: {metric.direction}); accepted: 'by metric', 'spreads', 'left out'"
        )
    return worst


def plain_mean(values: Sequence[float]) -> float:
    """Return the mean, NaN if a value is or if there are none."""
    return math.fsum(values) / len(values) if values else math.nan


def rules_in_words(rules: Mapping[str, NanRule], undefined: Undefined = "by metric") -> tuple[str, ...]:
    """Return a line for each rule in use, naming the metrics that can be undefined; none for those that cannot be.

    `rules` is the `nan_rule` of each metric by the name that it is to have.
    """
    named: dict[str, list[str]] = {}
    for name, rule in rules.items():
        if rule != "never":
            words = NAN_RULES[rule] if undefined == "by metric" else _WORDS[undefined]
            named.setdefault(words, []).append(name)
    return tuple(f"{words}: {', '.join(names)}" for words, names in named.items())


_WORDS = {
    "spreads": NAN_RULES["spreads"],
    "left out": NAN_RULES["left out"],
    "worst": "an image where it is undefined counts as the worst",
}
