"""Mean and spread of values, with those that are undefined counted and not hidden."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Summary:
    """Mean and spread of the defined values: `n` of them; `undefined` counts the NaN ones left out of the mean.

    `sd_sample` divides by n - 1 (ddof 1), `sd_population` by n (ddof 0); each is NaN where it is not defined.
    """

    mean: float
    sd_sample: float
    sd_population: float
    n: int
    undefined: int

    def sd(self, ddof: int) -> float:
        """Return the standard deviation with 0 or 1 delta degrees of freedom."""
        if ddof not in (0, 1):
            raise ValueError(f"ddof is {ddof}; accepted: 0 or 1")
        return self.sd_sample if ddof else self.sd_population


def summarise(values: Sequence[float]) -> Summary:
    """Return mean and spread of the values that are not NaN.

    >>> summarise([1.0, 3.0, float("nan")])
    Summary(mean=2.0, sd_sample=1.4142135623730951, sd_population=1.0, n=2, undefined=1)
    """
    defined = [value for value in values if not math.isnan(value)]
    undefined = len(values) - len(defined)
    if not defined or not all(map(math.isfinite, defined)):
        mean = sum(defined) if defined else math.nan  # infinite, or NaN where both infinities are there
        return Summary(mean, math.nan, math.nan, len(defined), undefined)
    sample = statistics.stdev(defined) if len(defined) > 1 else math.nan
    return Summary(statistics.fmean(defined), sample, statistics.pstdev(defined), len(defined), undefined)
