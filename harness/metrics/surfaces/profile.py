"""Distances from the elements of one surface to another, as weights by distance, for one pair of surfaces or many."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

SLACK = 1e-9
"""Relative difference up to which a distance and a tolerance count as equal: both are rounded."""


@dataclass(frozen=True, eq=False)
class Profile:
    """How far the elements of surfaces are from other surfaces: for each of r pairs, weights by ascending distance.

    distances, weights  (n,) float64: distance in the unit of the spacing, what the elements at it count together
    starts              (r + 1,) int64: the entries of a pair are from its start to the next one

    A pair without an entry has a surface without elements. Nobody changes the arrays. Not slotted: what is derived is
    computed once and kept.
    """

    distances: np.ndarray
    weights: np.ndarray
    starts: np.ndarray

    @classmethod
    def of(cls, pairs: Sequence[tuple[np.ndarray, np.ndarray]]) -> Profile:
        """Return the profile of (distances, weights) of some pairs, each in any order."""
        orders = [np.argsort(distances, kind="stable") for distances, _ in pairs]
        empty = [np.zeros(0)]
        return cls(
            np.concatenate([*empty, *(pair[0][order] for pair, order in zip(pairs, orders, strict=True))]),
            np.concatenate([*empty, *(pair[1][order] for pair, order in zip(pairs, orders, strict=True))]),
            np.cumsum([0, *(order.size for order in orders)]),
        )

    @cached_property
    def _pair(self) -> np.ndarray:
        return np.repeat(np.arange(self.starts.size - 1), np.diff(self.starts))

    @cached_property
    def totals(self) -> np.ndarray:
        """What all elements of a pair count, (r,) float64."""
        return self._summed(self.weights)

    @cached_property
    def moments(self) -> np.ndarray:
        """Sum of distance times weight, (r,) float64."""
        return self._summed(self.weights * self.distances)

    def within(self, tolerance: float) -> np.ndarray:
        """Return what the elements count whose distance is at most a tolerance, (r,) float64."""
        return self._summed(np.where(self.distances <= tolerance * (1 + SLACK), self.weights, 0.0))

    @cached_property
    def largest(self) -> np.ndarray:
        """The largest distance, (r,) float64; NaN without elements."""
        largest = np.full(self.starts.size - 1, np.nan)
        known = np.diff(self.starts) > 0
        largest[known] = self.distances[self.starts[1:][known] - 1]
        return largest

    def weighted_quantile(self, fraction: float) -> np.ndarray:
        """Return the least distance up to which a fraction of the weight lies, (r,) float64; NaN without elements."""
        return np.array([_weighted(distances, weights, fraction) for distances, weights in self.pairs()])

    def interpolated_quantile(self, fraction: float) -> np.ndarray:
        """Return NumPy's quantile of the distances, the weights being numbers of elements; NaN without elements."""
        return np.array([_interpolated(distances, weights, fraction) for distances, weights in self.pairs()])

    def pairs(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return distances and weights of each pair."""
        bounds = list(zip(self.starts[:-1], self.starts[1:], strict=True))
        return [(self.distances[start:stop], self.weights[start:stop]) for start, stop in bounds]

    def _summed(self, values: np.ndarray) -> np.ndarray:
        return np.bincount(self._pair, values, self.starts.size - 1)


@dataclass(frozen=True, eq=False)
class BothWays:
    """The profiles of pairs of surfaces: from the truth's to the prediction's, and back."""

    truth: Profile
    pred: Profile

    @cached_property
    def joined(self) -> Profile:
        """Both as one: the elements of either surface, with their distances to the other."""
        sides = zip(self.truth.pairs(), self.pred.pairs(), strict=True)
        return Profile.of([(np.concatenate((one[0], two[0])), np.concatenate((one[1], two[1]))) for one, two in sides])


def _weighted(distances: np.ndarray, weights: np.ndarray, fraction: float) -> float:
    if not distances.size:
        return math.nan
    reached = np.cumsum(weights) / weights.sum()
    return float(distances[min(int(np.searchsorted(reached, fraction - SLACK)), distances.size - 1)])


def _interpolated(distances: np.ndarray, weights: np.ndarray, fraction: float) -> float:
    if not distances.size:
        return math.nan
    before = np.cumsum(weights)
    at = fraction * (before[-1] - 1)
    below, above = (
        float(distances[int(np.searchsorted(before, place, side="right"))]) for place in (math.floor(at), math.ceil(at))
    )
    return float(below + (above - below) * (at - math.floor(at)))
