"""Confidence intervals of means: Student's t for few units, the cluster bootstrap for many, and what they decide."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from harness.statistics.resampling import Path, Tree, resampled_means, tree_of

BOOTSTRAP_UNITS = 8
"""Fewer units than this say too little of their own distribution to be resampled: Student's t is taken."""
LEAST_UNITS = 3
"""Fewer units than this decide nothing, however well they agree: under chance alone two agree every other time."""

_ROUNDING = 1e-12
"""Relative difference below which a resampled mean is the mean."""

Side = Literal["above", "below", "open"]


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean with the bounds of its confidence interval over `n` values."""

    mean: float
    low: float
    high: float
    n: int

    @property
    def excludes_zero(self) -> bool:
        """Whether zero lies outside the interval."""
        return self.side() != "open"

    def side(self, bound: float = 0.0) -> Side:
        """Return on which side of a bound the interval lies; "open" where it does not decide."""
        return "above" if self.low > bound else "below" if self.high < bound else "open"


def mean_interval(values: Sequence[float], *, confidence: float = 0.95) -> Interval:
    """Return the interval of the mean by Student's t (Student 1908, doi:10.1093/biomet/6.1.1).

    Of differences of pairs it is the paired t interval. Values that are all the same give an interval of no width.
    Raises ValueError unless there are two values or more and every one is finite.

    >>> mean_interval([1.0, 2.0, 3.0]).excludes_zero
    False
    """
    from scipy.special import stdtrit

    if len(values) < 2 or not all(map(math.isfinite, values)):
        raise ValueError(f"an interval needs two finite values or more; found {list(values)}")
    mean = statistics.fmean(values)
    if min(values) == max(values):
        return Interval(values[0], values[0], values[0], len(values))
    half = float(stdtrit(len(values) - 1, (1 + confidence) / 2)) * statistics.stdev(values) / math.sqrt(len(values))
    return Interval(mean, mean - half, mean + half, len(values))


def nested_interval(
    values: Sequence[float], paths: Sequence[Path], *, confidence: float = 0.95, seed: int = 0
) -> Interval | None:
    """Return the interval of a mean over units that lie in one another; None where they decide nothing.

    `paths` name the unit of each value from the outermost level to the innermost, as (data set, sample, seed). The
    mean is taken level by level. From `BOOTSTRAP_UNITS` units of the first level that has several it is the interval of
    the cluster bootstrap with `RESAMPLES` resamples, bias-corrected and accelerated (Efron 1987,
    doi:10.1080/01621459.1987.10478410) with that level left out unit by unit; from `LEAST_UNITS` on Student's t over
    the means of these units, which are independent of each other where what lies in them is not. `n` counts them.
    Raises ValueError for values that are not finite, and for what `tree_of` refuses.

    >>> nested_interval([0.1, 0.3], [("a", 0), ("b", 0)]) is None
    True
    """
    if len(values) != len(paths) or not all(map(math.isfinite, values)):
        raise ValueError(f"an interval needs a finite value a unit; found {list(values)} for {len(paths)} units")
    tree = tree_of(paths)
    if tree.units < LEAST_UNITS:
        return None
    means = unit_means(values, tree)
    if tree.units < BOOTSTRAP_UNITS:
        return mean_interval(means.tolist(), confidence=confidence)
    mean = math.fsum(means) / tree.units
    if min(means) == max(means):
        return Interval(mean, mean, mean, tree.units)
    column = np.asarray(values, dtype=float)[:, None]
    resampled = np.sort(resampled_means(column, tree, seed=seed)[:, 0])
    low, high = np.quantile(resampled, _bca_levels(resampled, mean, means, confidence))
    return Interval(mean, float(low), float(high), tree.units)


def _bca_levels(resampled: np.ndarray, mean: float, units: np.ndarray, confidence: float) -> tuple[float, float]:
    """Return at which shares of the sorted resampled means the bounds lie; `units` are the means of single units."""
    from scipy.special import ndtr, ndtri

    slack = _ROUNDING * float(np.abs(resampled).max())
    sides = np.searchsorted(resampled, (mean - slack, mean + slack))
    bias = float(ndtri(sum(sides) / (2 * resampled.size)))
    pull = units - units.mean()  # in proportion to how far each unit, left out, moves the mean of the others
    pull /= np.abs(pull).max()
    acceleration = float((pull**3).sum() / (6 * (pull**2).sum() ** 1.5))
    tails = ndtri((1 - confidence) / 2), ndtri((1 + confidence) / 2)
    low, high = (float(ndtr(bias + (bias + tail) / (1 - acceleration * (bias + tail)))) for tail in tails)
    return low, high


def unit_means(values: Sequence[float], tree: Tree) -> np.ndarray:
    """Return the mean of each unit of the first level, (units,) float64, taken level by level."""
    means: np.ndarray = np.asarray(values, dtype=float)[tree.order]
    for starts, sizes in zip(tree.starts[:0:-1], tree.sizes[:0:-1], strict=True):
        means = np.add.reduceat(means, starts) / sizes
    return means
