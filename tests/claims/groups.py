"""Groups of numbers for tests of rules."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter

from harness.claims import Direction, Group, Rule
from harness.statistics import summarise

RULES: TypeAdapter[Any] = TypeAdapter(Rule)


def group(prefer: Direction = "higher", **rows: tuple[float, ...]) -> Group:
    """Return rows with their values by fold."""
    summaries = {row: summarise(values) for row, values in rows.items()}
    return Group(
        "",
        {row: summary.mean for row, summary in summaries.items()},
        prefer,
        {row: summary.sd_sample for row, summary in summaries.items()},
        {row: {(n,): value for n, value in enumerate(values)} for row, values in rows.items()},
    )


def rule(**keys: Any) -> Any:
    """Return a rule from its declaration."""
    return RULES.validate_python(keys)
