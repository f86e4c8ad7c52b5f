"""The rules a claim can state, as TOML declares them; `harness.claims` decides them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StrictBool, StrictFloat, model_validator

from harness.config import Strict

SECONDS = "seconds"
"""The metric name with which a claim speaks of recorded time instead of a score."""

Rows = Annotated[tuple[str, ...], Field(min_length=1)]
Pairs = Annotated[tuple[tuple[str, str], ...], Field(min_length=1)]
Positive = Annotated[StrictFloat, Field(gt=0)]


class Fastest(Strict):
    """A row takes less time than every other row it is compared with."""

    kind: Literal["fastest"]
    row: str = Field(description="The row said to be the fastest.")
    among: tuple[str, ...] = Field(default=(), description="Rows it is compared with; empty: every row of the suite.")
    stage: str = Field(default="", description="Compare the seconds of this stage; empty: of the whole chain.")


class Best(Strict):
    """A row scores better (or, with "worst", worse) than every other row it is compared with."""

    kind: Literal["best", "worst"]
    row: str = Field(description="The row said to be the best or the worst.")
    among: tuple[str, ...] = Field(default=(), description="Rows it is compared with; empty: every row of the suite.")


class RanksAbove(Strict):
    """Each of some rows scores better than each of some others."""

    kind: Literal["ranks above"]
    better: Rows = Field(description="Rows said to score better.")
    worse: Rows = Field(description="Rows said to score worse.")
    pairwise: StrictBool = Field(default=False, description="Compare the n-th better row with the n-th worse row only.")
    ties: StrictBool = Field(default=False, description="Equal means satisfy the claim: no worse is enough.")

    @model_validator(mode="after")
    def _pairs(self) -> RanksAbove:
        if self.pairwise and len(self.better) != len(self.worse):
            raise ValueError(f"pairwise needs as many better rows ({len(self.better)}) as worse ({len(self.worse)})")
        return self


class Within(Strict):
    """Some rows lie within a factor, a difference or a number of spreads of one row."""

    kind: Literal["within"]
    rows: Rows = Field(description="Rows said to lie close.")
    of: str = Field(description="The row they lie close to.")
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


class SmallerEffect(Strict):
    """Exchanging one row for another changes the mean less than other exchanges do, whichever way."""

    kind: Literal["smaller effect"]
    pairs: Pairs = Field(description="Pairs of rows whose means are said to differ less.")
    than: Pairs = Field(description="Pairs of rows whose means are said to differ more.")


class Monotone(Strict):
    """The means of rows, in the order given, only rise or only fall."""

    kind: Literal["monotone"]
    rows: Annotated[tuple[str, ...], Field(min_length=2)] = Field(description="Rows in the order of the statement.")
    direction: Literal["increasing", "decreasing"] = Field(description="Where the plain numbers go, row by row.")
    strict: StrictBool = Field(default=True, description="False allows equal neighbours.")


class EqualPublished(Strict):
    """Rows of several suites print the same value for the same thing."""

    kind: Literal["equal published"]
    entries: Annotated[tuple[str, ...], Field(min_length=2)] = Field(
        description='Places of the printed value: "row" of this suite, or "suite/row".'
    )
    values: tuple[Literal["mean", "sd"], ...] = Field(
        default=("mean", "sd"), description="Which printed values must agree."
    )


Rule = Annotated[
    Fastest | Best | RanksAbove | Within | SmallerEffect | Monotone | EqualPublished,
    Field(discriminator="kind"),
]


def rule_rows(rule: Rule) -> tuple[str, ...]:
    """Return every row of the own suite that a rule names."""
    match rule:
        case Fastest() | Best():
            return (rule.row, *rule.among)
        case RanksAbove():
            return (*rule.better, *rule.worse)
        case Within():
            return (*rule.rows, rule.of)
        case SmallerEffect():
            return tuple(row for pair in (*rule.pairs, *rule.than) for row in pair)
        case Monotone():
            return rule.rows
        case EqualPublished():
            return tuple(entry for entry in rule.entries if "/" not in entry)
