"""Rules about how far apart rows lie: within a bound, closer than others, with less spread."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Annotated, Literal

from pydantic import Field, StrictFloat, model_validator

from harness.claims.group import Contrast, Group, Unit
from harness.claims.naming import Reference, ReferencePairs, References
from harness.claims.rule import ClaimRule

Rows = Annotated[References, Field(min_length=1)]
Positive = Annotated[StrictFloat, Field(gt=0)]


class Within(ClaimRule):
    """Some rows lie within a factor, a difference or a number of spreads of one row."""

    ONE = ("of",)
    MANY = ("rows",)

    kind: Literal["within"]
    rows: Rows = Field(description="Rows said to lie close.")
    of: Reference = Field(description="The row they lie close to.")
    factor: Annotated[StrictFloat, Field(ge=1)] | None = Field(
        default=None, description="The larger mean is at most this many times the smaller."
    )
    difference: Positive | None = Field(
        default=None, description="The means differ by at most this, in the metric's unit."
    )
    spreads: Positive | None = Field(
        default=None, description="The means differ by at most this many standard deviations of the `of` row."
    )

    @model_validator(mode="after")
    def _one_bound(self) -> Within:
        given = [name for name in ("factor", "difference", "spreads") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(
                f"exactly one of factor, difference, spreads is needed; given: {', '.join(given) or 'none'}"
            )
        return self

    def contrasts(self, group: Group) -> Iterator[Contrast]:
        """Yield for each row that it lies neither too far above nor too far below: two one-sided statements."""
        of = str(self.of)
        for row in map(str, self.rows):
            yield from self._by_factor(group, row, of) if self.factor is not None else self._by_bound(group, row, of)

    def _by_factor(self, group: Group, row: str, of: str) -> Iterator[Contrast]:
        factor = self.factor or 1.0
        low, high = sorted((group.mean(row), group.mean(of)))
        ratio = 1.0 if low == high else high / low if low > 0 else math.inf
        problem = _apart(group, row, of, "a factor of", ratio, factor)
        for one, other in ((row, of), (of, row)):
            says = f"'{one}' is at most {factor:g} times '{other}'"
            yield group.contrast({one: -1.0, other: factor}, 0.0, says, problem, ties=True)

    def _by_bound(self, group: Group, row: str, of: str) -> Iterator[Contrast]:
        bound = self.difference if self.difference is not None else (self.spreads or 0.0) * group.spread(of)
        problem = _apart(group, row, of, "a difference of", abs(group.mean(row) - group.mean(of)), bound)
        for one, other in ((row, of), (of, row)):
            says = f"'{one}' exceeds '{other}' by at most {bound:.4g}"
            yield group.contrast({one: -1.0, other: 1.0}, bound, says, problem, ties=True)


class SmallerEffect(ClaimRule):
    """Exchanging one row for another changes the mean less than other exchanges do, whichever way."""

    PAIRS = ("pairs", "than")

    kind: Literal["smaller effect"]
    pairs: ReferencePairs = Field(description="Pairs of rows whose means are said to differ less.")
    than: ReferencePairs = Field(description="Pairs of rows whose means are said to differ more.")

    def contrasts(self, group: Group) -> Iterator[Contrast]:
        """Yield for each two pairs that the first differ less; the way of either difference is that of the means."""
        for small, large in product(self.pairs, self.than):
            weights: dict[str, float] = {}
            sizes, named = [], []
            for sign, (one, other) in ((-1.0, small), (1.0, large)):
                difference = group.mean(str(one)) - group.mean(str(other))
                way = sign * math.copysign(1.0, difference)
                weights[str(one)] = weights.get(str(one), 0.0) + way
                weights[str(other)] = weights.get(str(other), 0.0) - way
                sizes.append(abs(difference))
                named.append(f"'{one}' and '{other}' differ by")
            problem = f"{named[0]} {sizes[0]:.4g}, {named[1]} {sizes[1]:.4g}"
            says = f"'{small[0]}' and '{small[1]}' differ less than '{large[0]}' and '{large[1]}'"
            yield group.contrast(weights, 0.0, says, problem)


class SmallerSpread(ClaimRule):
    """The standard deviation of each of some rows is smaller than that of each of some others."""

    MANY = ("rows", "than")

    kind: Literal["smaller spread"]
    rows: Rows = Field(description="Rows said to vary less.")
    than: Rows = Field(description="Rows said to vary more.")

    def contrasts(self, group: Group) -> Iterator[Contrast]:
        """Yield for each two rows that the first varies less: by unit, the squared deviations from their means.

        The mean of those is the difference of the variances; a single one says little, and their interval decides.
        """
        for row, other in product(map(str, self.rows), map(str, self.than)):
            less, more = group.spread(row), group.spread(other)
            problem = f"the spread of '{row}' ({less:.4g}) is not below that of '{other}' ({more:.4g})"
            less_by_unit, more_by_unit = (_squared(group.units.get(one, {})) for one in (row, other))
            values = tuple(more_by_unit[unit] - less_by_unit[unit] for unit in less_by_unit if unit in more_by_unit)
            yield Contrast(more - less, values, f"'{row}' varies less than '{other}'", problem)


def _squared(values: Mapping[Unit, float]) -> dict[Unit, float]:
    """Return the squared deviation of each value from the mean of all."""
    mean = math.fsum(values.values()) / max(1, len(values))
    return {unit: (value - mean) ** 2 for unit, value in values.items()}


def _apart(group: Group, row: str, of: str, unit: str, found: float, allowed: float) -> str:
    means = f"'{row}' ({group.mean(row):.4g}) and '{of}' ({group.mean(of):.4g})"
    return f"{means}: {unit} {found:.4g}; allowed: {allowed:.4g}"
