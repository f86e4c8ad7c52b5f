"""Values of records: one per fold, sample or repeat, each combined of the images that belong to it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from harness.aggregation import Combine, mean_of_images
from harness.store.records import Record
from harness.suite.schema import SpreadOver


def values_of(
    records: Iterable[Record], metric: str, over: SpreadOver, combine: Combine = mean_of_images
) -> list[float]:
    """Return the values whose mean and spread a table shows: one per fold, sample or repeat, each combined of images.

    Records that failed are left out, and those without the metric: it is of a pair that their data do not have. A NaN
    score makes the value it belongs to NaN. The order is that of first appearance.
    """
    return list(values_by_unit(records, metric, over, combine).values())


def values_by_unit(
    records: Iterable[Record], metric: str, over: SpreadOver, combine: Combine = mean_of_images
) -> dict[tuple[object, ...], float]:
    """Return the values of `values_of` by what they belong to, so that those of two rows can be paired."""
    groups: dict[tuple[object, ...], list[Record]] = defaultdict(list)
    for record in records:
        if record.status == "ok" and metric in record.metrics:
            groups[unit_of(record, over)].append(record)
    return {unit: combine(own, metric) for unit, own in groups.items()}


def unit_of(record: Record, over: SpreadOver) -> tuple[object, ...]:
    """Return what a value of mean and spread belongs to: a fold, a sample or a repeat."""
    if over == "folds":
        return (record.dataset, record.fold)
    if over == "samples":
        return (record.dataset, record.sample)
    return (record.repeat,)
