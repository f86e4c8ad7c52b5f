"""How the records of several images become one number: the mean of images, the mean of data sets, or pooled counts."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from harness.errors import StoreError
from harness.metrics import Metric
from harness.metrics.counts import Counts
from harness.metrics.means import mean_over, plain_mean
from harness.model import Aggregation
from harness.store.records import Record

Combine = Callable[[Sequence[Record], str], float]
"""From records that ended well and a metric's id to one value."""

PAIR_SEPARATOR = ":"


def combining(how: Aggregation, metrics: Mapping[str, Metric]) -> Combine:
    """Return `combined` for one aggregation and what the ids mean."""
    return partial(combined, how=how, metrics=metrics)


def mean_of_images(records: Sequence[Record], metric: str) -> float:
    """Return the plain mean over images, NaN where one is absent or undefined."""
    return plain_mean([record.metrics.get(metric, math.nan) for record in records])


def combined(records: Sequence[Record], metric: str, how: Aggregation, metrics: Mapping[str, Metric]) -> float:
    """Return one value of records that ended well.

    It is NaN where a value that it needs is absent; what becomes of images where the metric is undefined is its
    `nan_rule`, within a data set as over data sets.
    `metric` is an id, of a named pair as "pair:id"; `metrics` are the metrics by such ids. Raises `StoreError` if
    records are pooled that keep no counts of the metric, `LabelError` for a metric that cannot be pooled.
    """
    if how == "pooled":
        return _pooled(records, metric, metrics)
    if len(records) == 1 and math.isfinite(value := records[0].metrics.get(metric, math.nan)):
        return value  # most often, and the mean of it by every rule
    if any(metric not in record.metrics for record in records):
        return math.nan
    groups: dict[str, list[float]] = defaultdict(list)
    for record in records:
        groups[record.dataset if how == "per-dataset" else ""].append(record.metrics[metric])
    mean: Callable[[Sequence[float]], float]
    mean = partial(mean_over, metric=metrics[metric]) if metric in metrics else plain_mean
    return mean([mean(values) for values in groups.values()])


def _pooled(records: Sequence[Record], metric: str, metrics: Mapping[str, Metric]) -> float:
    pair, separator, _ = metric.rpartition(PAIR_SEPARATOR)
    parts = [counts_of_pair(record.counts, f"{pair}{separator}") for record in records]
    if len(parts) == 1 and parts[0]:
        return metrics[metric].pooled(parts)
    if not all(parts):
        raise StoreError(
            f"metric '{metric}': some records keep no counts and cannot be pooled; "
            "`harness rescore` adds them where the predictions are kept, `harness run --again` makes them anew"
        )
    kept_by_all = set().union(*parts).intersection(*parts)  # records from before a count was kept lack it
    return metrics[metric].pooled([{name: part[name] for name in part if name in kept_by_all} for part in parts])


def counts_of_pair(counts: Counts, prefix: str) -> Counts:
    """Return the counts of one scored pair by their plain names; `prefix` is "" for the unnamed pair."""
    if prefix:
        return {name.removeprefix(prefix): value for name, value in counts.items() if name.startswith(prefix)}
    if PAIR_SEPARATOR not in "".join(counts):
        return counts  # most often: a record has one pair
    return {name: value for name, value in counts.items() if PAIR_SEPARATOR not in name}
