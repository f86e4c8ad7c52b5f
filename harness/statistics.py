"""Statistics of benchmarks as pure functions: summaries, paired bootstrap, rank tests, correction for many tests."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

RESAMPLES = 9999


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
        return self.low > 0 or self.high < 0


def summarise(values: Sequence[float]) -> Summary:
    """Return mean and spread of the values that are not NaN.

    >>> summarise([1.0, 3.0, float("nan")])
    Summary(mean=2.0, sd_sample=1.4142135623730951, sd_population=1.0, n=2, undefined=1)
    """
    defined = [value for value in values if not math.isnan(value)]
    undefined = len(values) - len(defined)
    if not defined or not all(map(math.isfinite, defined)):
        mean = sum(defined) / len(defined) if defined else math.nan
        return Summary(mean, math.nan, math.nan, len(defined), undefined)
    sample = statistics.stdev(defined) if len(defined) > 1 else math.nan
    return Summary(statistics.fmean(defined), sample, statistics.pstdev(defined), len(defined), undefined)


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


def paired_difference(differences: Sequence[float]) -> float:
    """Return the two-sided p of Student's paired t test that the mean difference is 0.

    Differences that are all the same leave no room for chance: 0.0, or 1.0 where they are 0. Raises ValueError unless
    there are two or more and every one is finite.
    """
    from scipy.special import stdtr

    if len(differences) < 2 or not all(map(math.isfinite, differences)):
        raise ValueError(f"a test needs two finite differences or more; found {list(differences)}")
    mean, spread = statistics.fmean(differences), statistics.stdev(differences)
    if min(differences) == max(differences) or spread == 0:
        return 0.0 if differences[0] else 1.0
    return float(2 * stdtr(len(differences) - 1, -abs(mean) / (spread / math.sqrt(len(differences)))))


def paired_bootstrap(
    before: Sequence[float], after: Sequence[float], *, seed: int = 0, confidence: float = 0.95
) -> Interval:
    """Return the interval of the mean of `after[i] - before[i]` over resampled pairs.

    Bias-corrected and accelerated bootstrap (Efron 1987, doi:10.1080/01621459.1987.10478410) with `RESAMPLES`
    resamples. Pairs that all differ by the same amount give an interval of no width. Raises ValueError unless there
    are two pairs or more and every value is finite.
    """
    import numpy as np
    from scipy.stats import bootstrap

    difference = np.subtract(np.asarray(after, dtype=float), np.asarray(before, dtype=float))
    if difference.ndim != 1 or difference.size < 2:
        raise ValueError(f"a paired bootstrap needs two pairs or more; found {difference.size}")
    if not np.isfinite(difference).all():
        raise ValueError("a paired bootstrap needs finite values")
    mean = float(difference.mean())
    if np.ptp(difference) == 0:
        return Interval(mean, mean, mean, difference.size)
    bounds = bootstrap(
        (difference,),
        np.mean,
        n_resamples=RESAMPLES,
        confidence_level=confidence,
        method="BCa",
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return Interval(mean, float(bounds.low), float(bounds.high), difference.size)


def paired_increase(before: Sequence[float], after: Sequence[float]) -> float:
    """Return the one-sided p that paired positive values grew: Wilcoxon's signed-rank test on their log ratios.

    Pairs without a change carry no evidence; 1.0 if there is no other. Raises ValueError for values of 0 or less.
    (Wilcoxon 1945, doi:10.2307/3001968)
    """
    from scipy.stats import wilcoxon

    _require_positive(before, after)
    ratios = [math.log(new / old) for old, new in zip(before, after, strict=True)]
    changed = [ratio for ratio in ratios if ratio != 0]
    return float(wilcoxon(changed, alternative="greater").pvalue) if changed else 1.0


def unpaired_increase(before: Sequence[float], after: Sequence[float]) -> float:
    """Return the one-sided p that repeated measurements grew: the Mann-Whitney U test.

    (Mann and Whitney 1947, doi:10.1214/aoms/1177730491) Raises ValueError for empty or non-positive values.
    """
    from scipy.stats import mannwhitneyu

    _require_positive(before, after)
    return float(mannwhitneyu(after, before, alternative="greater").pvalue)


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Return p values adjusted for their number by Holm's step-down method (Holm 1979, jstor:4615733).

    >>> holm([0.01, 0.04])
    (0.02, 0.04)
    """
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    adjusted = [0.0] * len(p_values)
    floor = 0.0
    for rank, index in enumerate(order):
        floor = max(floor, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = floor
    return tuple(adjusted)


def _require_positive(before: Sequence[float], after: Sequence[float]) -> None:
    if not before or not after or min(*before, *after) <= 0:
        raise ValueError("a test of durations needs positive values on both sides")
