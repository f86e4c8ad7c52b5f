"""Intervals against SciPy, their coverage, and when they decide nothing."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from harness.statistics import BOOTSTRAP_UNITS, LEAST_UNITS, Interval, mean_interval, nested_interval
from harness.statistics.intervals import _bca_levels, unit_means
from harness.statistics.resampling import tree_of


def flat(count: int) -> list[tuple[int]]:
    return [(number,) for number in range(count)]


def test_the_t_interval_is_that_of_scipy() -> None:
    values = [0.1, 0.3, 0.2, 0.5]
    expected = scipy_stats.ttest_1samp(values, 0).confidence_interval(0.9)
    found = mean_interval(values, confidence=0.9)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    assert (found.mean, found.n) == (pytest.approx(0.275), 4)


@pytest.mark.parametrize("values", [[1.0], [], [1.0, math.nan], [1.0, math.inf]])
def test_a_t_interval_needs_two_finite_values(values: list[float]) -> None:
    with pytest.raises(ValueError, match="two finite values or more"):
        mean_interval(values)


def test_values_without_scatter_have_no_width() -> None:
    assert mean_interval([0.2, 0.2]) == Interval(0.2, 0.2, 0.2, 2)
    assert nested_interval([-0.25] * 9, flat(9)) == Interval(-0.25, -0.25, -0.25, 9)
    assert nested_interval([-0.25] * 3, flat(3)) == Interval(-0.25, -0.25, -0.25, 3)


@pytest.mark.parametrize(
    ("low", "high", "bound", "side"),
    [(0.1, 0.2, 0.0, "above"), (-0.2, -0.1, 0.0, "below"), (0.0, 0.2, 0.0, "open"), (-0.2, 0.0, 0.0, "open"),
     (0.0, 0.0, 0.0, "open"), (0.1, 0.2, 0.15, "open"), (0.1, 0.2, 0.3, "below"), (0.1, 0.2, 0.05, "above")],
)  # fmt: skip
def test_an_interval_lies_on_a_side_or_is_open(low: float, high: float, bound: float, side: str) -> None:
    found = Interval((low + high) / 2, low, high, 9)
    assert found.side(bound) == side
    assert found.excludes_zero == (found.side() != "open")
    assert found.side() == found.side(0.0)


@pytest.mark.parametrize("seed", range(3))
def test_many_units_are_resampled_as_scipy_does(seed: int) -> None:
    values = np.random.default_rng(seed).exponential(1, 12 + 9 * seed)
    expected = scipy_stats.bootstrap(
        (values,), np.mean, method="BCa", rng=np.random.default_rng(7), confidence_level=0.9
    )
    found = nested_interval(values.tolist(), flat(values.size), confidence=0.9, seed=7)
    assert found is not None
    assert (found.low, found.high) == pytest.approx(tuple(expected.confidence_interval), abs=0.01)
    assert (found.mean, found.n) == (pytest.approx(values.mean()), values.size)


def test_few_units_have_the_t_interval_of_their_means_and_fewer_none() -> None:
    paths = [(unit, sample) for unit in range(4) for sample in range(3)]
    values = np.random.default_rng(0).normal(size=12)
    found, expected = nested_interval(values.tolist(), paths), mean_interval(values.reshape(4, 3).mean(axis=1).tolist())
    assert found is not None
    assert (found.mean, found.low, found.high) == pytest.approx((expected.mean, expected.low, expected.high))
    assert found.n == 4
    assert nested_interval([1.0, 2.0], flat(2)) is None
    assert nested_interval([1.0], flat(1)) is None
    assert nested_interval([1.0, 2.0, 4.0], flat(LEAST_UNITS)) == mean_interval([1.0, 2.0, 4.0])
    halves = mean_interval([1.0, 2.0, 4.0], confidence=0.5)
    assert nested_interval([1.0, 2.0, 4.0], flat(LEAST_UNITS), confidence=0.5) == halves
    assert nested_interval(list(range(7)), flat(BOOTSTRAP_UNITS - 1)) == mean_interval(list(range(7)))
    assert nested_interval(list(range(8)), flat(BOOTSTRAP_UNITS)) != mean_interval(list(range(8)))


def test_one_data_set_is_no_sample_of_data_sets() -> None:
    values = [1.0, 2.0, 4.0, 3.0]
    assert nested_interval(values, [("one", n, 0) for n in range(4)]) == mean_interval(values)


def test_samples_that_share_a_data_set_are_not_independent() -> None:
    """Twenty data sets of fifty samples that all agree within: the interval is that of twenty numbers."""
    effects = np.random.default_rng(1).normal(size=20)
    values = np.repeat(effects, 50).tolist()
    nested = nested_interval(values, [(data, n) for data in range(20) for n in range(50)])
    alone, naive = nested_interval(effects.tolist(), flat(20)), nested_interval(values, flat(1000))
    assert nested is not None
    assert alone is not None
    assert naive is not None
    assert (nested.low, nested.high) == pytest.approx((alone.low, alone.high), abs=0.03)
    assert nested.high - nested.low > 5 * (naive.high - naive.low)


def test_intervals_are_seeded() -> None:
    values = np.random.default_rng(5).normal(size=30).tolist()
    assert nested_interval(values, flat(30)) == nested_interval(values, flat(30))
    assert nested_interval(values, flat(30)) != nested_interval(values, flat(30), seed=1)


@pytest.mark.parametrize(("values", "count"), [([1.0, math.nan, 2.0], 3), ([1.0, 2.0], 3), ([math.inf] * 9, 9)])
def test_undefined_values_and_units_without_one_are_refused(values: list[float], count: int) -> None:
    with pytest.raises(ValueError, match="an interval needs a finite value a unit"):
        nested_interval(values, flat(count))


@given(st.lists(st.floats(-1, 1), min_size=8, max_size=20), st.floats(-2, 2))
def test_shifted_values_have_a_shifted_interval(values: list[float], shift: float) -> None:
    one = nested_interval(values, flat(len(values)))
    other = nested_interval([value + shift for value in values], flat(len(values)))
    assert one is not None
    assert other is not None
    assert one.low - 1e-9 <= one.mean <= one.high + 1e-9
    assert other.mean == pytest.approx(one.mean + shift, abs=1e-9)
    assert (other.low, other.high) == pytest.approx((one.low + shift, one.high + shift), abs=1e-6)


def test_means_of_units_are_taken_level_by_level() -> None:
    tree = tree_of([("a", 0, 0), ("a", 0, 1), ("a", 1, 0), ("b", 0, 0)])
    assert unit_means([1.0, 3.0, 8.0, 5.0], tree).tolist() == [5.0, 5.0]
    assert unit_means([1, 2], tree_of(flat(2))).dtype == np.float64


@pytest.mark.parametrize("unit", [1e-150, 1e-9, 1e150])
def test_the_unit_of_values_changes_no_interval(unit: float) -> None:
    """Rounding is judged beside the values: a mean of a thousand millionth is no rounding of another."""
    values = np.random.default_rng(3).exponential(1, 12)
    one, other = nested_interval(values.tolist(), flat(12)), nested_interval((values * unit).tolist(), flat(12))
    assert one is not None
    assert other is not None
    assert (other.low / unit, other.high / unit) == pytest.approx((one.low, one.high), rel=1e-9)


@pytest.mark.parametrize("at_mean", [[1.0, 1.0], [1 - 2e-16, 1 + 2e-16]])
def test_resampled_means_that_are_the_mean_lie_half_below_it(at_mean: list[float]) -> None:
    resampled, units = np.array([0.0, *at_mean, 2.0]), np.array([-1.0, 0.0, 1.0])
    assert _bca_levels(resampled, 1.0, units, 0.9) == pytest.approx((0.05, 0.95))


@pytest.mark.slow
@pytest.mark.parametrize(("units", "least"), [(8, 0.87), (30, 0.91)])
def test_intervals_cover_the_truth_about_as_often_as_they_say(units: int, least: float) -> None:
    rng = np.random.default_rng(2024)
    inside = 0
    for _ in range(400):
        centres = rng.normal(0, 1, units)
        values = centres[:, None] + rng.normal(0, 1, (units, 3))
        found = nested_interval(values.reshape(-1).tolist(), [(a, b) for a in range(units) for b in range(3)])
        assert found is not None
        inside += found.low <= 0 <= found.high
    assert least <= inside / 400 <= 0.99
