"""What a metric is: a documented number computed from one overlap table."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from harness.metrics.overlap import OverlapTable

Direction = Literal["higher", "lower", "none"]
FRACTION = (0.0, 1.0)
UNBOUNDED = (0.0, math.inf)


@dataclass(frozen=True, slots=True)
class Metric:
    """A number that compares one prediction with one truth, and everything needed to read it.

    id          names the measure and its convention ("map.gonuclear")
    definition  the formula, the treatment of label 0, what an undefined value becomes
    source      where the definition stands (DOI) and which implementation it agrees with
    direction   which way is better; "none" for a description that is neither (a count)
    unit        "fraction", "bit" or "count"
    range       least and greatest value; a metric may also be NaN where its edge cases say so
    edge_cases  (name of a toy pair of `harness.metrics.cases`, the value it must have)
    at          the series the metric belongs to and where it stands in it, e.g. ("ap.gonuclear", 0.5); None for most
    function    from the overlap table to the number; must not change the table

    An out-of-tree metric is such an object, named by an entry point of the group "harness.metrics".
    """

    id: str
    title: str
    definition: str
    source: str
    direction: Direction
    unit: str
    range: tuple[float, float]
    edge_cases: tuple[tuple[str, float], ...]
    function: Callable[[OverlapTable], float]
    at: tuple[str, float] | None = None

    def __call__(self, table: OverlapTable) -> float:
        """Return the metric of an overlap table as a plain float."""
        return float(self.function(table))
