"""Values of records: one per fold, sample or repeat, each combined of the images that belong to it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

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
    return values_of_units(by_unit(records, over).values(), metric, combine)


def values_of_units(units: Iterable[Sequence[Record]], metric: str, combine: Combine = mean_of_images) -> list[float]:
    """Return `values_of` of records that lie by unit already (`by_unit`): several metrics are asked of the same."""
    values = []
    for own in units:
        having = own if len(own) == 1 else [record for record in own if metric in record.metrics]
        if having and metric in having[0].metrics:
            values.append(combine(having, metric))
    return values


def values_by_unit(
    records: Iterable[Record], metric: str, over: SpreadOver, combine: Combine = mean_of_images
) -> dict[tuple[object, ...], float]:
    """Return the values of `values_of` by what they belong to, so that those of two rows can be paired."""
    groups = by_unit((record for record in records if metric in record.metrics), over)
    return {unit: combine(own, metric) for unit, own in groups.items()}


def by_unit(records: Iterable[Record], over: SpreadOver) -> dict[tuple[object, ...], list[Record]]:
    """Return the records that have scores by what they belong to, in the order of first appearance."""
    groups: dict[tuple[object, ...], list[Record]] = defaultdict(list)
    for record in records:
        if record.status == "ok":
            groups[unit_of(record, over)].append(record)
    return groups


def unit_of(record: Record, over: SpreadOver) -> tuple[object, ...]:
    """Return what a value of mean and spread belongs to: a fold, a sample or a repeat."""
    if over == "folds":
        return (record.dataset, record.fold)
    if over == "samples":
        return (record.dataset, record.sample)
    return (record.repeat,)
