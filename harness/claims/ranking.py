"""Rules about the order of rows: the best, the fastest, one above another, a series that only rises or falls."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise, product
from typing import Annotated, Any, Literal

from pydantic import Field, StrictBool, StrictFloat, model_validator

from harness.claims.group import Contrast, Group
from harness.claims.naming import Reference, References
from harness.claims.rule import ClaimRule

Rows = Annotated[References, Field(min_length=1)]


def above(group: Group, pairs: Iterable[tuple[str, str]], *, ties: bool = False) -> Iterator[Contrast]:
    """Yield for each pair that its first row is better than its second, or no worse where ties are allowed."""
    relation, says = ("worse than", "is no worse than") if ties else ("not better than", "is better than")
    for one, other in pairs:
        numbers = f"'{one}' ({group.mean(one):.4g}) is {relation} '{other}' ({group.mean(other):.4g})"
        weights = {one: float(group.sign), other: -float(group.sign)} if one != other else {one: 0.0}
        yield group.contrast(weights, 0.0, f"'{one}' {says} '{other}'", numbers, ties=ties)


class _Against(ClaimRule):
    """A row against each of several others, or against every row there is."""

    ONE = ("row",)
    MANY = ("among",)

    row: Reference
    among: References = Field(
        default=(), description="Rows it is compared with; empty: every row of the suite (of the same axes)."
    )

    def filled(self, found: Mapping[str, Any], rows: Sequence[str]) -> dict[str, Any]:
        """Return every row of the stratum where none is named."""
        return {} if self.among else {"among": tuple(row for row in rows if row != found["row"])}

    def others(self) -> tuple[str, ...]:
        """Return the ids of the other rows of a bound rule."""
        return tuple(other for other in self.among if isinstance(other, str) and other != self.row)


class Fastest(_Against):
    """A row takes less time than every other row it is compared with."""

    kind: Literal["fastest"]
    row: Reference = Field(description="The row said to be the fastest.")
    stage: str = Field(default="", description="Compare the seconds of this stage; empty: of the whole chain.")

    def contrasts(self, group: Group) -> Iterator[Contrast]:
        """Yield that the row is better than each other one."""
        yield from above(group, [(str(self.row), other) for other in self.others()])


class Best(_Against):
    """A row scores better (or, with "worst", worse) than every other row it is compared with."""

    kind: Literal["best", "worst"]
    row: Reference = Field(description="The row said to be the best or the worst.")

    def contrasts(self, group: Group) -> Iterator[Contrast]:
        """Yield that the row is better, or worse, than each other one."""
        pairs = [(str(self.row), other) for other in self.others()]
        yield from above(group, pairs if self.kind == "best" else [(other, row) for row, other in pairs])


class _TwoSides(ClaimRule):
    """Each of some rows against each of some others, or against the one at its place."""

    MANY = ("better", "worse")

    better: Rows = Field(description="Rows said to score better.")
    worse: Rows = Field(description="Rows said to score worse.")
    pairwise: StrictBool = Field(default=False, description="Compare the n-th better row with the n-th worse row only.")

    @model_validator(mode="after")
    def _as_many(self) -> _TwoSides:
        is_plain = all(isinstance(reference, str) for reference in self.references())
        if self.pairwise and is_plain and len(self.better) != len(self.worse):
            raise ValueError(f"pairwise needs as many better rows ({len(self.better)}) as worse ({len(self.worse)})")
        return self

    def pairs(self) -> list[tuple[str, str]]:
        """Return the pairs (better, worse) of a bound rule."""
        sides = map(str, self.better), map(str, self.worse)
        return list(zip(*sides, strict=True)) if self.pairwise else list(product(*sides))


class RanksAbove(_TwoSides):
    """Each of some rows scores better than each of some others."""

    kind: Literal["ranks above"]
    ties: StrictBool = Field(default=False, description="Equal means satisfy the claim: no worse is enough.")

    def contrasts(self, group: Group) -> Iterator[Contrast]:
        """Yield that each better row is better than its worse ones."""
        yield from above(group, self.pairs(), ties=self.ties)


class AtLeastFactor(_TwoSides):
    """Each of some rows is better than each of some others by a factor: so many times the score, or so many times less
    error or time."""

    kind: Literal["at least factor"]
    factor: Annotated[StrictFloat, Field(gt=1)] = Field(description="The least ratio of the larger mean to the other.")

    def contrasts(self, group: Group) -> Iterator[Contrast]:
        """Yield that the larger mean is at least so many times the smaller (a linear contrast, after Fieller 1954)."""
        for better, worse in self.pairs():
            larger, smaller = (better, worse) if group.sign > 0 else (worse, better)
            means = f"'{larger}' ({group.mean(larger):.4g}) is less than {self.factor:g} times"
            yield group.contrast(
                {larger: 1.0, smaller: -self.factor},
                0.0,
                f"'{larger}' is at least {self.factor:g} times '{smaller}'",
                f"{means} '{smaller}' ({group.mean(smaller):.4g})",
                ties=True,
            )


class Monotone(ClaimRule):
    """The means of rows, in the order given, only rise or only fall."""

    MANY = ("rows",)

    kind: Literal["monotone"]
    rows: Rows = Field(description='Rows in the order of the statement; { n = "*" } is the suite\'s.')
    direction: Literal["increasing", "decreasing"] = Field(description="Where the plain numbers go, row by row.")
    strict: StrictBool = Field(default=True, description="False allows equal neighbours.")

    @model_validator(mode="after")
    def _two(self) -> Monotone:
        if len(self.rows) < 2 and all(isinstance(row, str) for row in self.rows):
            raise ValueError(f"a series needs at least 2 rows; found {len(self.rows)}")
        return self

    def contrasts(self, group: Group) -> Iterator[Contrast]:
        """Yield each step of the series."""
        sign = 1.0 if self.direction == "increasing" else -1.0
        for before, after in pairwise(map(str, self.rows)):
            steps = f"from '{before}' ({group.mean(before):.4g}) to '{after}' ({group.mean(after):.4g})"
            yield group.contrast(
                {after: sign, before: -sign},
                0.0,
                f"{self.direction} from '{before}' to '{after}'",
                f"not {self.direction} {steps}",
                ties=not self.strict,
            )
