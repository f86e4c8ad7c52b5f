"""The rule about printed numbers alone: several places print the same value."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Field

from harness.claims.group import Contrast, Group
from harness.claims.rule import ClaimRule


class EqualPublished(ClaimRule):
    """Rows of several suites print the same value for the same thing."""

    kind: Literal["equal published"]
    entries: Annotated[tuple[str, ...], Field(min_length=2)] = Field(
        description='Places of the printed value: "row" of this suite, or "suite/row".'
    )
    values: tuple[Literal["mean", "sd"], ...] = Field(
        default=("mean", "sd"), description="Which printed values must agree."
    )

    def references(self) -> tuple[Any, ...]:
        """Return the rows of the own suite."""
        return tuple(entry for entry in self.entries if "/" not in entry)

    def contrasts(self, group: Group) -> Iterator[Contrast]:
        """Yield that no entry differs from the first; printed numbers have no units."""
        first = self.entries[0]
        for entry in self.entries[1:]:
            differs = abs(group.mean(entry) - group.mean(first)) > TOLERANCE
            says = f"{entry} prints what {first} prints"
            yield Contrast(-1.0 if differs else 0.0, (), says, f"the printed {group.name} differs", ties=True)


TOLERANCE = 1e-12
"""Rounding of a division by 100; no source prints as many digits."""
