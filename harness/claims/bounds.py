"""Rules about single rows: their means lie above or below a stated value."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, StrictFloat

from harness.claims.group import Contrast, Group
from harness.claims.naming import References
from harness.claims.rule import ClaimRule


class ValueBound(ClaimRule):
    """The mean of each of some rows lies above, or below, a value; where it lies exactly, the claim does not hold."""

    MANY = ("rows",)

    kind: Literal["above value", "below value"]
    rows: Annotated[References, Field(min_length=1)] = Field(description="Rows of which it is said.")
    value: StrictFloat = Field(description="The bound, in the metric's unit (fractions, not percent).")

    def contrasts(self, group: Group) -> Iterator[Contrast]:
        """Yield for each row that it lies on the stated side, whichever way is better."""
        side, sign = ("above", 1.0) if self.kind == "above value" else ("below", -1.0)
        for row in map(str, self.rows):
            says = f"'{row}' is {side} {self.value:g}"
            problem = f"'{row}' ({group.mean(row):.4g}) is not {side} {self.value:g}"
            yield group.contrast({row: sign}, -sign * self.value, says, problem)
