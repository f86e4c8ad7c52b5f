"""Numbers that may be compared with each other, and contrasts of them: what a rule states about rows."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

Direction = Literal["higher", "lower"]
Unit: TypeAlias = tuple[object, ...]


class UndecidableError(Exception):
    """The reason why a claim cannot be decided."""


@dataclass(frozen=True, slots=True)
class Contrast:
    """One statement of a rule as a number that is positive where the statement is true.

    mean     of the contrast over the rows' means
    values   the contrast on each unit (fold, sample, seed) that all its rows have; empty for printed numbers
    ties     whether 0 satisfies the statement
    says     the statement in words, for a reader who asks which comparison decided
    problem  what contradicts it, in words
    """

    mean: float
    values: tuple[float, ...]
    says: str
    problem: str
    ties: bool = False

    @property
    def is_true_of_means(self) -> bool:
        """Whether the means alone satisfy the statement."""
        return self.mean > 0 or (self.ties and self.mean == 0)

    @property
    def agreeing(self) -> int:
        """On how many units the statement is true."""
        return sum(value > 0 or (self.ties and value == 0) for value in self.values)


@dataclass(frozen=True, slots=True)
class Group:
    """Rows whose numbers may be compared: all scores of a metric, or seconds of one machine.

    means    by row
    spreads  standard deviation by row; NaN where there is none
    units    the single values of each row by what they belong to; empty for printed numbers
    over     what a unit is, in the plural
    prefer   whether higher or lower numbers are better
    """

    name: str
    means: Mapping[str, float]
    prefer: Direction
    spreads: Mapping[str, float] = field(default_factory=dict)
    units: Mapping[str, Mapping[Unit, float]] = field(default_factory=dict)
    over: str = "folds"

    @property
    def sign(self) -> int:
        """What a difference is multiplied by to be positive where the first row is better."""
        return -1 if self.prefer == "lower" else 1

    def mean(self, row: str) -> float:
        """Return the mean of a row."""
        return self.means[row]

    def spread(self, row: str) -> float:
        """Return the standard deviation of a row; raises `UndecidableError` where there is none."""
        found = self.spreads.get(row, math.nan)
        if math.isnan(found):
            raise UndecidableError(f"row '{row}' has one value and so no spread")
        return found

    def by_unit(self, *rows: str) -> list[tuple[float, ...]]:
        """Return the values of rows on each unit that all of them have."""
        columns = [self.units.get(row, {}) for row in rows]
        shared = [unit for unit in columns[0] if all(unit in column for column in columns)] if columns else []
        return [tuple(column[unit] for column in columns) for unit in shared]

    def contrast(
        self, weights: Mapping[str, float], constant: float, says: str, problem: str, *, ties: bool = False
    ) -> Contrast:
        """Return the sum of rows with weights and a constant, as a contrast."""
        factors = tuple(weights.values())

        def total(numbers: tuple[float, ...]) -> float:
            return math.fsum([*(factor * number for factor, number in zip(factors, numbers, strict=True)), constant])

        mean = total(tuple(self.means[row] for row in weights))
        return Contrast(mean, tuple(map(total, self.by_unit(*weights))), says, problem, ties)
