"""What is counted when rows are compared: folds, samples or repeats, whichever a suite has several of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from harness.aggregation import Combine, mean_of_images
from harness.store import Record
from harness.suite.schema import SpreadOver
from harness.verdicts import values_by_unit

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


_FINER: tuple[SpreadOver, ...] = ("samples", "repeats")


def _shared(values: Values) -> int:
    """Return how many units every row has."""
    return len(set.intersection(*(set(found) for found in values.values()))) if values else 0
