"""Ranks of rows and how sure they are: intervals, groups that cannot be told apart, neighbours that can.

Rows are resampled together, over the units that they share (samples, in data sets where there are several), so that
what is hard for all of them moves none. The rank of a row is its place by the mean; the interval of the rank is that
of its places in the resamples. Two rows are separable if the two-sided p of their difference, from the same resamples
and corrected by Holm's method for the comparisons of its kind, is below 1 - confidence.

Groups have a fixed anchor: the best row, and then the best one that is separable from the last anchor. A row belongs
to the group of the anchor above it, and is compared with no other, so that a chain of small steps never makes one group
of a good row and a bad one.

Means that rounding alone tells apart are equal: sums of the same numbers depend on their order, and on the place of a
row in a matrix.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from harness.statistics.resampling import RESAMPLES, Path, resampled_means, tree_of
from harness.statistics.significance import holm

_ROUNDING = 1e-12
"""Part of the largest value below which two means are one."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """One row in its place.

    row                   index of the row as it was given
    rank                  1 is the best; rows of equal mean share the better rank
    rank_low, rank_high   interval of the rank: the places that it has in resamples
    mean, low, high       mean over units with its percentile interval
    group                 1 is the group of the best row
    anchor                whether it is the first of its group
    """

    row: int
    rank: int
    rank_low: int
    rank_high: int
    mean: float
    low: float
    high: float
    group: int
    anchor: bool


@dataclass(frozen=True, slots=True)
class Ranking:
    """Rows from best to worst, and which neighbours are separable: one entry for each row but the last."""

    rows: tuple[Ranked, ...]
    separable: tuple[bool, ...]

    @property
    def words(self) -> str:
        """How many neighbouring rows are told apart, for people."""
        return f"{sum(self.separable)} of {len(self.separable)} neighbouring pairs are separable"


def rank_rows(
    values: np.ndarray,
    units: Sequence[Path],
    better: Literal["higher", "lower"],
    *,
    confidence: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
    fixed: int = 0,
) -> Ranking:
    """Return the ranking of rows.

    `values` is (rows, units), NaN where a row has no value: its mean is over the others. `units` are paths as
    `tree_of` takes them, (data set, sample) for example; the first `fixed` levels are not drawn from.
    Raises ValueError for no rows, a row without any value, and values that are not one per row and unit.
    """
    matrix = np.asarray(values, dtype=float)
    if matrix.ndim != 2 or matrix.shape[1] != len(units) or not matrix.shape[0]:
        raise ValueError(f"a ranking needs (rows, units) values; found {matrix.shape} for {len(units)} units")
    empty = np.flatnonzero(~np.isfinite(matrix).any(axis=1))
    if empty.size:
        raise ValueError(f"row {int(empty[0])} has no value at all; accepted: one or more")
    tree = tree_of(units)
    sign = 1.0 if better == "lower" else -1.0
    means = _means(matrix.T[tree.order], tree.weights())
    slack = _ROUNDING * float(np.abs(matrix[np.isfinite(matrix)]).max())
    equalled = _equalled(sign * means, slack)
    order = np.argsort(equalled, kind="stable")
    drawn = resampled_means(matrix.T[:, order], tree, resamples=resamples, seed=seed, fixed=fixed)
    costs, sorted_means = sign * drawn, means[order]
    tail = (1 - confidence) / 2
    low, high = np.nanquantile(drawn, (tail, 1 - tail), axis=0)
    places = np.quantile(_places(costs, slack), (tail, 1 - tail), axis=0, method="nearest")
    groups, anchors = _groups(costs, 1 - confidence, slack)
    ranks = 1 + np.searchsorted(equalled[order], equalled[order], "left")
    rows = tuple(
        Ranked(
            row=int(order[place]),
            rank=int(ranks[place]),
            rank_low=int(places[0, place]),
            rank_high=int(places[1, place]),
            mean=float(sorted_means[place]),
            low=float(low[place]),
            high=float(high[place]),
            group=groups[place],
            anchor=anchors[place],
        )
        for place in range(order.size)
    )
    p_values = [_p(costs[:, place + 1] - costs[:, place], slack) for place in range(order.size - 1)]
    return Ranking(rows, tuple(p < 1 - confidence for p in holm(p_values)))


def _means(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the weighted mean of each column over its finite values."""
    known = np.isfinite(values)
    means: np.ndarray = (weights @ np.where(known, values, 0.0)) / (weights @ known)
    return means


def _equalled(costs: np.ndarray, slack: float) -> np.ndarray:
    """Return costs, (rows,), of which those that lie no further apart than the slack are the least of them."""
    order = np.argsort(costs)
    begins = np.diff(costs[order], prepend=-np.inf) > slack
    equalled = np.empty_like(costs)
    equalled[order] = costs[order][begins][np.cumsum(begins) - 1]
    return equalled


def _places(costs: np.ndarray, slack: float = 0.0) -> np.ndarray:
    """Return the place of each row in each resample, 1 the best; a row without a value there comes last.

    Of equal rows each has the better place.
    """
    filled = np.where(np.isnan(costs), np.inf, costs)
    order = np.argsort(filled, axis=1)
    in_order = np.take_along_axis(filled, order, axis=1)
    place = np.broadcast_to(np.arange(costs.shape[1]), costs.shape).copy()
    place[:, 1:][in_order[:, 1:] <= in_order[:, :-1] + slack] = 0
    places = np.empty(costs.shape, np.int64)
    np.put_along_axis(places, order, np.maximum.accumulate(place, axis=1), axis=1)
    return places + 1


def _groups(costs: np.ndarray, level: float, slack: float = 0.0) -> tuple[list[int], list[bool]]:
    """Return the group of each row, best first, and whether it is an anchor."""
    groups, anchors = [1], [True]
    anchor = 0
    while len(groups) < costs.shape[1]:
        corrected = holm([_p(costs[:, row] - costs[:, anchor], slack) for row in range(anchor + 1, costs.shape[1])])
        start = len(groups)
        new = next((row for row in range(start, costs.shape[1]) if corrected[row - anchor - 1] < level), None)
        end = costs.shape[1] if new is None else new
        groups += [groups[-1]] * (end - start)
        anchors += [False] * (end - start)
        if new is not None:
            groups.append(groups[-1] + 1)
            anchors.append(True)
            anchor = new
    return groups, anchors


def _p(differences: np.ndarray, slack: float = 0.0) -> float:
    """Return the two-sided p that resampled differences lie on either side of 0; the observed one counts as well."""
    known = differences[~np.isnan(differences)]
    beyond = min(int(np.count_nonzero(known <= slack)), int(np.count_nonzero(known >= -slack)))
    return float(min(1.0, 2 * (1 + beyond) / (1 + known.size)))
