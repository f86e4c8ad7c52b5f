"""What a metric is: evidence of a pair -> addable counts -> a documented number."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

from harness.errors import LabelError, RegistryError
from harness.metrics.counts import Counts, added
from harness.metrics.pair import Pair

Direction = Literal["higher", "lower", "none"]
Evidence = Literal[
    "overlap",
    "geometry",
    "objects",
    "surfaces",
    "ranked",
    "banded",
    "centres",
    "values",
    "neighbours",
    "traces",
    "images",
    "frames",
    "maps",
]
Sparse = Literal["dense only", "sparse safe"]
NanRule = Literal["never", "spreads", "left out"]
NAN_RULES: Mapping[NanRule, str] = MappingProxyType(
    {
        "never": "always defined",
        "spreads": "a mean is undefined where one image is",
        "left out": "images where it is undefined are left out of a mean",
    }
)
"""What an undefined value of one image makes of a mean over images, in words."""
FRACTION = (0.0, 1.0)
UNBOUNDED = (0.0, math.inf)


@dataclass(frozen=True, slots=True)
class Metric:
    """A number that compares one prediction with one truth, and everything needed to read it.

    id          names the measure and its convention ("map.gonuclear")
    definition  the formula, the treatment of label 0, what an undefined value becomes
    source      where the definition stands (DOI) and which implementation it agrees with
    direction   which way is better; "none" for a description that is neither (a count)
    unit        "fraction", "bit", "count" or "um"
    range       least and greatest value; a metric may also be NaN where its edge cases say so
    edge_cases  (name of a toy pair of `harness.metrics.cases`, the value it must have)
    counts      from the evidence to addable numbers; metrics that count alike share the function
    value       from such numbers, of one image or of a sum over images, to the metric
    function    in place of both: from the evidence to the number, which then cannot be pooled
    needs       the evidence that `counts` or `function` reads, an attribute of `Pair`
    at          (series, threshold) for a metric that is one point of a curve: ("ap.gonuclear", 0.5)
    sparse      "sparse safe" if objects predicted wholly where the truth is 0 do not change it, so that it holds where
                only some objects are annotated; "dense only" if it counts them as wrong
    nan_rule    what an image where it is undefined makes of a mean over images, a key of `NAN_RULES`

    Nothing of a metric may change the evidence. An out-of-tree metric is such an object, in a file that is given with
    `--plugin`, or named by an entry point of the group "harness.metrics". Raises `RegistryError` unless it has either
    `function`, or `counts` and `value`.
    """

    id: str
    title: str
    definition: str
    source: str
    direction: Direction
    unit: str
    range: tuple[float, float]
    edge_cases: tuple[tuple[str, float], ...]
    function: Callable[[Any], float] | None = None
    counts: Callable[[Any], Counts] | None = None
    value: Callable[[Counts], float] | None = None
    needs: Evidence = "overlap"
    at: tuple[str, float] | None = None
    sparse: Sparse = "dense only"
    nan_rule: NanRule = "spreads"

    def __post_init__(self) -> None:
        if (self.counts is not None, self.value is not None) != (self.function is None,) * 2:
            raise RegistryError(f"metric '{self.id}' needs either 'function', or 'counts' and 'value'")

    @property
    def is_addable(self) -> bool:
        """Whether the metric of a set of images can be had from the sum of their counts."""
        return self.counts is not None

    def of(self, pair: Pair) -> float:
        """Return the metric of a pair as a plain float."""
        if self.function is not None:
            return float(self.function(getattr(pair, self.needs)))
        assert self.counts is not None
        assert self.value is not None
        return float(self.value(pair.counted(self.counts, self.needs)))

    def __call__(self, evidence: Any) -> float:
        """Return the metric of its evidence as a plain float."""
        if self.function is not None:
            return float(self.function(evidence))
        assert self.counts is not None
        assert self.value is not None
        return float(self.value(self.counts(evidence)))

    def counts_of(self, pair: Pair) -> Counts:
        """Return the addable counts of a pair; none for a metric of a plain function."""
        return {} if self.counts is None else pair.counted(self.counts, self.needs)

    def pooled(self, parts: list[Counts]) -> float:
        """Return the metric of several images taken together, from their counts.

        Raises `LabelError` for a metric that keeps no counts, for no images, and for images not counted alike.
        """
        if self.value is None:
            raise LabelError(f"metric '{self.id}' keeps no addable counts and cannot be pooled; accepted: per-image")
        if not parts:
            raise LabelError(f"metric '{self.id}': there is no image to pool")
        return float(self.value(parts[0] if len(parts) == 1 else added(parts)))
