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
    sample, population = _spreads(defined)
    return Summary(statistics.fmean(defined), sample, population, len(defined), undefined)


def _spreads(values: Sequence[float]) -> tuple[float, float]:
    """Return what `statistics.stdev` and `pstdev` return of finite values, NaN for the former of one value.

    Both round the root of one exact sum of squares, which takes nearly all of their time and is made once here.
    """
    ratios = [value.as_integer_ratio() for value in values]
    unit, n = max(below for _, below in ratios), len(values)  # powers of two: each divides the largest
    whole = [above * (unit // below) for above, below in ratios]
    squares, below = n * sum([value * value for value in whole]) - sum(whole) ** 2, n * unit * unit
    return _root(squares, below * (n - 1)) if n > 1 else math.nan, _root(squares, below * n)


def _root(above: int, below: int) -> float:
    """Return the float that is nearest to the root of a fraction that is not negative."""
    if above == 0:
        return 0.0
    shift = 1 + max(0, 128 - above.bit_length() + below.bit_length()) // 2
    square, rest = divmod(above << 2 * shift, below)
    root = math.isqrt(square)  # 64 bits at least; one more says whether there is a rest, so that division rounds once
    return (2 * root + (rest != 0 or root * root != square)) / (2 << shift)
