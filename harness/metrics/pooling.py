"""How sure a pooled metric is: its images resampled, their counts added up, the metric taken of each sum."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from harness.metrics.counts import Counts, Number
from harness.metrics.metric import Metric
from harness.statistics import BOOTSTRAP_UNITS, Interval
from harness.statistics.resampling import resampled_means, tree_of

RESAMPLES = 999
"""Each resample is a call of the metric in plain Python; the tails of a 95 % interval hold 25 of these."""


def pooled_interval(metric: Metric, parts: Sequence[Counts], *, confidence: float = 0.95) -> Interval | None:
    """Return a metric of summed counts with its percentile interval over resampled images.

    None with fewer than `BOOTSTRAP_UNITS` images, and where the metric is undefined for a resample. `n` counts images.
    Raises `LabelError` for a metric that cannot be pooled, and for images that were not counted alike.
    """
    whole = metric.pooled(list(parts))
    if len(parts) < BOOTSTRAP_UNITS or metric.value is None:
        return None
    table = np.array([_numbers(part, parts[0]) for part in parts], dtype=float)
    sums = resampled_means(table, tree_of([(n,) for n in range(len(parts))]), resamples=RESAMPLES) * len(parts)
    are_whole = [
        all(isinstance(value, int) for value in column)
        for column in zip(*(_numbers(part, parts[0]) for part in parts), strict=True)
    ]
    sums[:, are_whole] = np.rint(sums[:, are_whole])
    values = np.array([metric.value(_as_counts(row, are_whole, parts[0])) for row in sums.tolist()])
    if not np.isfinite(values).all():
        return None
    tail = (1 - confidence) / 2
    low, high = np.quantile(values, (tail, 1 - tail))
    return Interval(whole, float(low), float(high), len(parts))


def _numbers(counts: Counts, like: Counts) -> list[Number]:
    """Return every number of counts, in the order of others that have the same names."""
    values = (counts[name] for name in like)
    return [one for value in values for one in (value if isinstance(value, tuple) else (value,))]


def _as_counts(row: Sequence[float], are_whole: Sequence[bool], like: Counts) -> Counts:
    """Return numbers as counts of the names and series of others."""
    numbers = iter([int(value) if whole else value for value, whole in zip(row, are_whole, strict=True)])
    return {
        name: tuple(next(numbers) for _ in value) if isinstance(value, tuple) else next(numbers)
        for name, value in like.items()
    }
