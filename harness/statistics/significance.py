"""Paired and rank tests, and the correction for many of them."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

import numpy as np

from harness.statistics.resampling import RESAMPLES

EXACT_UNITS = 13
"""Up to this many units every assignment of signs is counted: 8,192 of them."""
_ROUNDING = 1e-12
"""Relative difference below which two sums of the same numbers are one."""


def paired_difference(differences: Sequence[float]) -> float:
    """Return the two-sided p of Student's paired t test that the mean difference is 0.

    Differences that are all the same leave no room for chance: 0.0, or 1.0 where they are 0. Raises ValueError unless
    there are two or more and every one is finite.
    """
    from scipy.special import stdtr

    _require_finite(differences)
    mean, spread = statistics.fmean(differences), statistics.stdev(differences)
    if min(differences) == max(differences) or spread == 0:
        return 0.0 if differences[0] else 1.0
    return float(2 * stdtr(len(differences) - 1, -abs(mean) / (spread / math.sqrt(len(differences)))))


def sign_flips(differences: Sequence[float], *, seed: int = 0) -> float:
    """Return the two-sided p that paired differences are as likely to be of either sign, by exchanging signs.

    The share of assignments of signs whose mean is at least as far from 0 (Fisher 1935; Pitman 1937,
    doi:10.2307/2984124): of all of them up to `EXACT_UNITS` units, else of `RESAMPLES` random ones and the one that
    was found. Differences of units that lie in one another are the means of the outermost ones. Raises ValueError
    unless there are two or more and every one is finite.

    >>> sign_flips([1.0, 2.0, 3.0])
    0.25
    """
    _require_finite(differences)
    values = np.asarray(differences, dtype=float)
    if values.size <= EXACT_UNITS:
        signs = 1.0 - 2.0 * ((np.arange(2**values.size)[:, None] >> np.arange(values.size)) & 1)
        return float(np.mean(_as_far(signs @ values, values)))
    rng = np.random.default_rng(seed)
    signs = 1.0 - 2.0 * rng.integers(0, 2, (RESAMPLES, values.size))
    return float((1 + np.count_nonzero(_as_far(signs @ values, values))) / (RESAMPLES + 1))


def _as_far(sums: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return which sums are at least as far from 0 as that of the values, rounding aside."""
    far: np.ndarray = np.abs(sums) >= abs(values.sum()) - _ROUNDING * np.abs(values).sum()
    return far


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


def _require_finite(differences: Sequence[float]) -> None:
    if len(differences) < 2 or not all(map(math.isfinite, differences)):
        raise ValueError(f"a test needs two finite differences or more; found {list(differences)}")


def _require_positive(before: Sequence[float], after: Sequence[float]) -> None:
    if not before or not after or min(*before, *after) <= 0:
        raise ValueError("a test of durations needs positive values on both sides")
