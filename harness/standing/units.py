"""What is counted when rows are compared: folds, samples or repeats, whichever a suite has several of."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from harness.aggregation import Combine, mean_of_images
from harness.model import Aggregation
from harness.standing.values import unit_of, values_by_unit
from harness.statistics import Path
from harness.store import Record
from harness.suite.schema import SpreadOver

Unit: TypeAlias = tuple[object, ...]
Values: TypeAlias = dict[str, dict[Unit, float]]
"""By row: the value of each unit."""


def row_units(
    records: Mapping[str, Sequence[Record]], metric: str, over: SpreadOver, combine: Combine = mean_of_images
) -> tuple[SpreadOver, Values]:
    """Return what rows are compared over, and the values of each.

    That is what the suite's spread is over; where the rows share only one such unit, samples, else repeats. Repeats
    that give every row the same value in each are one computation made again, and count once.
    """
    kinds: dict[SpreadOver, Values] = {}
    for kind in dict.fromkeys((over, *_FINER)):
        values = {row: values_by_unit(own, metric, kind, combine) for row, own in records.items()}
        if kind == "repeats" and all(len(set(found.values())) <= 1 for found in values.values()):
            values = {row: dict(list(found.items())[:1]) for row, found in values.items()}
        kinds[kind] = values
        if _shared(values) > 1:
            return kind, values
    return over, kinds[over]


def nested_values(
    records: Sequence[Record], metric: str, over: SpreadOver, combine: Combine, how: Aggregation
) -> dict[Path, float]:
    """Return the values of a row by path, so that its mean can be resampled level by level.

    A path is what a value of the mean is over (fold, sample or repeat), then data set (where data sets weigh alike),
    sample, fold and repeat. Pooled counts are one value for each of the first. What is absent or undefined is left
    out, and a fold, sample or repeat whose own value is undefined is left out as a whole, as it is of the mean.
    """
    combined = values_by_unit(records, metric, over, combine)
    defined = {unit: value for unit, value in combined.items() if math.isfinite(value)}
    if how == "pooled":
        return {(unit,): value for unit, value in defined.items()}
    found: dict[Path, float] = {}
    for record in records:
        value = record.metrics.get(metric, math.nan)
        if record.status == "ok" and math.isfinite(value) and unit_of(record, over) in defined:
            inner = ((record.dataset, record.sample), (record.fold, record.repeat))
            data = (record.dataset,) if how == "per-dataset" else ()
            found[(unit_of(record, over), *data, *inner)] = value
    return found


def nested_differences(first: Mapping[Path, float], second: Mapping[Path, float]) -> dict[Path, float]:
    """Return what the second row has more than the first, by path; samples that one row lacks are left out.

    Where the rows have other folds or repeats of a sample, as one that draws nothing has beside one that does, each
    value of the row that has more of them is held against the mean of the other's.
    """
    inner = (_by_sample(first), _by_sample(second))
    found: dict[Path, float] = {}
    for sample in (sample for sample in inner[0] if sample in inner[1]):
        one, other = (values[sample] for values in inner)
        if one.keys() == other.keys():
            found.update({(*sample, leaf): other[leaf] - one[leaf] for leaf in one})
        elif len(other) >= len(one):
            found.update({(*sample, leaf): value - _mean(one) for leaf, value in other.items()})
        else:
            found.update({(*sample, leaf): _mean(other) - value for leaf, value in one.items()})
    return found


def _by_sample(values: Mapping[Path, float]) -> dict[Path, dict[object, float]]:
    """Return values by the path of their sample and what follows it."""
    found: dict[Path, dict[object, float]] = {}
    for path, value in values.items():
        found.setdefault(path[:-1], {})[path[-1]] = value
    return found


def _mean(values: Mapping[object, float]) -> float:
    return math.fsum(values.values()) / len(values)


_FINER: tuple[SpreadOver, ...] = ("samples", "repeats")


def _shared(values: Values) -> int:
    """Return how many units every row has."""
    return len(set.intersection(*(set(found) for found in values.values()))) if values else 0
