"""What is computed from the distances of surfaces: the addable parts of a pair of masks, and the value they give."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from harness.metrics.surfaces.elements import Elements
from harness.metrics.surfaces.evidence import Scope, Surfaces
from harness.metrics.surfaces.profile import BothWays
from harness.metrics.surfaces.tolerance import Tolerance

Parts = tuple[np.ndarray, ...]
"""Numbers of r pairs of masks, (r,) float64 each; the first two are what all of truth and of prediction counts."""
MOST_OF_ALL = 0.95


@dataclass(frozen=True, slots=True)
class Measure:
    """One number of a pair of masks.

    parts       of each pair of masks of a scope; a tolerance for a measure that has one, else None
    value       from the parts of each pair to its value; NaN where it is undefined
    names       of the parts, as counts that are kept and added over images; None where the value does not follow from
                sums, so that nothing can be pooled
    """

    parts: Callable[[Surfaces, Scope, Tolerance | None], Parts]
    value: Callable[..., np.ndarray]
    names: Callable[[Tolerance | None], tuple[str, ...]] | None


def overlap_measure(elements: Elements, value: Callable[..., np.ndarray], both_empty: float) -> Measure:
    """Return a measure of how much of either surface is within a tolerance of the other.

    `value` takes what all elements of truth and prediction count, and what those within tolerance do.
    """

    def names(tolerance: Tolerance | None) -> tuple[str, ...]:
        assert tolerance is not None
        kind = f"surface.{elements}.{tolerance.unit}"
        within = f"within.{tolerance}"
        return f"{kind}.truth", f"{kind}.pred", f"{kind}.truth.{within}", f"{kind}.pred.{within}"

    def parts(surfaces: Surfaces, scope: Scope, tolerance: Tolerance | None) -> Parts:
        assert tolerance is not None
        truth, pred = (both := surfaces.distances(scope, elements, tolerance.unit)).truth, both.pred
        return truth.totals, pred.totals, truth.within(tolerance.size), pred.within(tolerance.size)

    def valued(truth: np.ndarray, pred: np.ndarray, of_truth: np.ndarray, of_pred: np.ndarray) -> np.ndarray:
        found: np.ndarray = np.where(truth + pred > 0, value(truth, pred, of_truth, of_pred), both_empty)
        return found

    return Measure(parts, valued, names)


def pooled_dice(truth: np.ndarray, pred: np.ndarray, of_truth: np.ndarray, of_pred: np.ndarray) -> np.ndarray:
    """Return what is within tolerance of both surfaces over all of both."""
    return _ratio(of_truth + of_pred, truth + pred)


def mean_dice(truth: np.ndarray, pred: np.ndarray, of_truth: np.ndarray, of_pred: np.ndarray) -> np.ndarray:
    """Return the mean of the fractions of the two surfaces; that of a surface without elements is 0."""
    mean: np.ndarray = (_ratio(of_truth, truth) + _ratio(of_pred, pred)) / 2
    return mean


def boundary_f1(truth: np.ndarray, pred: np.ndarray, of_truth: np.ndarray, of_pred: np.ndarray) -> np.ndarray:
    """Return the harmonic mean of the fractions of the two surfaces."""
    recall, precision = _ratio(of_truth, truth), _ratio(of_pred, pred)
    return _ratio(2 * precision * recall, precision + recall)


def mean_measure(elements: Elements, value: Callable[..., np.ndarray], both_empty: float) -> Measure:
    """Return a measure that averages the distances of elements; undefined where only one surface has elements.

    `value` takes what all elements of truth and prediction count, and the sums of their distances.
    """

    def names(tolerance: Tolerance | None) -> tuple[str, ...]:
        kind = f"surface.{elements}.um"
        return tuple(f"{kind}.{part}" for part in ("truth", "pred", "truth.distance", "pred.distance", "unpaired"))

    def parts(surfaces: Surfaces, scope: Scope, tolerance: Tolerance | None) -> Parts:
        both = surfaces.distances(scope, elements)
        unpaired = _one_empty(both)
        of_truth, of_pred = (np.where(unpaired, 0.0, side.moments) for side in (both.truth, both.pred))
        return both.truth.totals, both.pred.totals, of_truth, of_pred, unpaired.astype(np.float64)

    def valued(
        truth: np.ndarray, pred: np.ndarray, of_truth: np.ndarray, of_pred: np.ndarray, unpaired: np.ndarray
    ) -> np.ndarray:
        found: np.ndarray = np.where(truth + pred > 0, value(truth, pred, of_truth, of_pred), both_empty)
        found[unpaired > 0] = math.nan
        return found

    return Measure(parts, valued, names)


def pooled_distance(truth: np.ndarray, pred: np.ndarray, of_truth: np.ndarray, of_pred: np.ndarray) -> np.ndarray:
    """Return the mean distance of the elements of both surfaces."""
    return _ratio(of_truth + of_pred, truth + pred)


def mean_of_means(truth: np.ndarray, pred: np.ndarray, of_truth: np.ndarray, of_pred: np.ndarray) -> np.ndarray:
    """Return the mean of the mean distances of the two surfaces."""
    mean: np.ndarray = (_ratio(of_truth, truth) + _ratio(of_pred, pred)) / 2
    return mean


def extreme_measure(elements: Elements, value: Callable[[BothWays], np.ndarray], both_empty: float) -> Measure:
    """Return a measure that is one of the distances, or lies between two; undefined like a mean."""

    def parts(surfaces: Surfaces, scope: Scope, tolerance: Tolerance | None) -> Parts:
        both = surfaces.distances(scope, elements)
        found = np.where(both.truth.totals + both.pred.totals > 0, value(both), both_empty)
        return both.truth.totals, both.pred.totals, np.where(_one_empty(both), math.nan, found)

    return Measure(parts, _last, None)


def largest(both: BothWays) -> np.ndarray:
    """Return the largest distance of any element."""
    return np.fmax(both.truth.largest, both.pred.largest)


def weighted_95(both: BothWays) -> np.ndarray:
    """Return the greater of the distances up to which 95 % of either surface lie."""
    return np.fmax(both.truth.weighted_quantile(MOST_OF_ALL), both.pred.weighted_quantile(MOST_OF_ALL))


def interpolated_95(both: BothWays) -> np.ndarray:
    """Return the greater of NumPy's 95th percentiles of the distances of either surface's elements."""
    return np.fmax(both.truth.interpolated_quantile(MOST_OF_ALL), both.pred.interpolated_quantile(MOST_OF_ALL))


def joined_95(both: BothWays) -> np.ndarray:
    """Return NumPy's 95th percentile of the distances of the elements of both surfaces taken together."""
    return both.joined.interpolated_quantile(MOST_OF_ALL)


def band_measure(both_empty: float) -> Measure:
    """Return the intersection over union of the voxels of objects near their borders."""

    def names(tolerance: Tolerance | None) -> tuple[str, ...]:
        return tuple(f"band.{tolerance}.{part}" for part in ("truth", "pred", "both"))

    def parts(surfaces: Surfaces, scope: Scope, tolerance: Tolerance | None) -> Parts:
        assert tolerance is not None
        bands = surfaces.bands(scope, tolerance.size, tolerance.unit)
        return bands.truth, bands.pred, bands.both

    def valued(truth: np.ndarray, pred: np.ndarray, both: np.ndarray) -> np.ndarray:
        found: np.ndarray = np.where(truth + pred > 0, _ratio(both, truth + pred - both), both_empty)
        return found

    return Measure(parts, valued, names)


def _last(truth: np.ndarray, pred: np.ndarray, found: np.ndarray) -> np.ndarray:
    return found


def _one_empty(both: BothWays) -> np.ndarray:
    empty: np.ndarray = (both.truth.totals > 0) != (both.pred.totals > 0)
    return empty


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Return part over whole, 0 where the whole is 0."""
    ratio: np.ndarray = np.divide(part, whole, out=np.zeros(np.shape(part)), where=whole > 0)
    return ratio
