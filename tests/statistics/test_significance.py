"""Paired and rank tests against exact values and against SciPy."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from harness.statistics import (
    holm,
    mean_interval,
    paired_difference,
    paired_increase,
    sign_flips,
    unpaired_increase,
)
from harness.statistics.significance import EXACT_UNITS

FLOATS = st.floats(-1, 1, allow_subnormal=False)


def test_paired_rank_test_has_the_exact_p_of_six_slower_pairs() -> None:
    before = [1.0, 1.0, 1.0, 1.0, 1.0, 1.0]
    after = [1.5, 1.6, 1.7, 1.8, 1.9, 2.0]
    assert paired_increase(before, after) == pytest.approx(1 / 64)
    assert paired_increase(after, before) == pytest.approx(1.0)
    assert paired_increase(before, before) == 1.0


def test_unpaired_rank_test_has_the_exact_p_of_separated_groups() -> None:
    fast, slow = [1.0, 1.1, 1.2, 1.3, 1.4], [2.0, 2.1, 2.2, 2.3, 2.4]
    assert unpaired_increase(fast, slow) == pytest.approx(1 / math.comb(10, 5))
    assert unpaired_increase(slow, fast) == pytest.approx(1.0)


@pytest.mark.parametrize("test", [paired_increase, unpaired_increase])
def test_rank_tests_refuse_durations_that_are_not_positive(test: object) -> None:
    with pytest.raises(ValueError, match="positive"):
        test([0.0, 1.0], [1.0, 1.0])  # type: ignore[operator]


def test_holm_matches_a_worked_example() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx((0.03, 0.06, 0.06, 0.02))
    assert holm([]) == ()


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_holm_never_lowers_a_p_value_and_keeps_the_order(p_values: list[float]) -> None:
    adjusted = holm(p_values)
    assert all(p <= q <= 1 for p, q in zip(p_values, adjusted, strict=True))
    ranked = [adjusted[i] for i in sorted(range(len(p_values)), key=p_values.__getitem__)]
    assert ranked == sorted(ranked)


@given(st.lists(st.floats(-1, 1), min_size=2, max_size=12))
def test_the_t_interval_and_the_t_test_agree(values: list[float]) -> None:
    interval, p = mean_interval(values), paired_difference(values)
    assert interval.low <= interval.mean <= interval.high
    assert 0 <= p <= 1
    if max(values) - min(values) > 1e-6 and abs(p - 0.05) > 1e-9:
        assert interval.excludes_zero == (p < 0.05)


def test_the_t_test_is_that_of_scipy() -> None:
    values = [0.1, 0.3, 0.2, 0.5]
    assert paired_difference(values) == pytest.approx(scipy_stats.ttest_1samp(values, 0).pvalue)
    assert (paired_difference([0.2, 0.2]), paired_difference([0.0, 0.0])) == (0.0, 1.0)


@pytest.mark.parametrize("test", [paired_difference, sign_flips])
@pytest.mark.parametrize("values", [[1.0], [], [1.0, math.nan], [1.0, math.inf]])
def test_differences_must_be_two_and_finite(test: object, values: list[float]) -> None:
    with pytest.raises(ValueError, match="a test needs two finite differences or more"):
        test(values)  # type: ignore[operator]


@pytest.mark.parametrize("units", [2, 5, EXACT_UNITS])
def test_exchanged_signs_are_those_of_scipy(units: int) -> None:
    values = np.random.default_rng(units).normal(0.3, 1, units)
    expected = scipy_stats.permutation_test(
        (values,), np.mean, permutation_type="samples", n_resamples=np.inf, vectorized=True
    )
    assert sign_flips(values.tolist()) == pytest.approx(expected.pvalue, abs=1e-12)


def test_many_units_have_random_signs_and_a_seed() -> None:
    values = np.random.default_rng(0).normal(0.25, 1, EXACT_UNITS + 30).tolist()
    found = sign_flips(values, seed=1)
    assert found == sign_flips(values, seed=1) != sign_flips(values, seed=2)
    assert found == pytest.approx(paired_difference(values), abs=0.02)
    assert sign_flips([1.0] * (EXACT_UNITS + 1)) == pytest.approx(2 / 2 ** (EXACT_UNITS + 1), abs=3e-4)
    assert sign_flips([1.0] * 50) == 1e-4
    assert sign_flips([0.0] * 50) == 1.0


@given(st.lists(FLOATS, min_size=2, max_size=9), st.integers(0, 8))
def test_signs_and_order_of_differences_mean_nothing(values: list[float], shift: int) -> None:
    p = sign_flips(values)
    assert 0 < p <= 1
    assert p == sign_flips([-value for value in values])
    assert p == pytest.approx(sign_flips(values[shift:] + values[:shift]))
    assert p >= 2 / 2 ** len(values)


def test_values_of_unit_spread_and_spreads_too_small_for_a_number_are_tested() -> None:
    assert paired_difference([1.0, 2.0, 3.0]) == pytest.approx(scipy_stats.ttest_1samp([1.0, 2.0, 3.0], 0).pvalue)
    assert paired_difference([0.0, 0.0, 0.0, 5e-324]) == 1.0


def test_small_differences_are_not_rounded_away() -> None:
    assert sign_flips([1e-9, 2e-9, 3e-9]) == 0.25


def test_a_growth_by_any_factor_is_a_growth_and_pairs_are_pairs() -> None:
    assert paired_increase([1.0] * 6, [math.e] * 6) == pytest.approx(1 / 64)
    with pytest.raises(ValueError, match=r"zip\(\) argument 2 is longer"):
        paired_increase([1.0], [1.0, 2.0])


@pytest.mark.parametrize(("before", "after"), [([], [1.0]), ([1.0], []), ([1.0, 2.0], [1.0, 0.0]), ([0.0], [1.0])])
def test_both_sides_of_a_test_of_durations_are_positive(before: list[float], after: list[float]) -> None:
    with pytest.raises(ValueError, match=r"^a test of durations needs positive values on both sides$"):
        unpaired_increase(before, after)
