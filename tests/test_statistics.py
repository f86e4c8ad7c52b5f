"""Summaries, bootstrap and rank tests against known values."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from harness.statistics import (
    Interval,
    holm,
    mean_interval,
    paired_bootstrap,
    paired_difference,
    paired_increase,
    summarise,
    unpaired_increase,
)


def test_summary_states_both_spreads() -> None:
    summary = summarise([0.2, 0.4, 0.9])
    assert summary.mean == pytest.approx(0.5)
    assert summary.sd(1) == summary.sd_sample == pytest.approx(np.std([0.2, 0.4, 0.9], ddof=1))
    assert summary.sd(0) == summary.sd_population == pytest.approx(np.std([0.2, 0.4, 0.9], ddof=0))
    assert (summary.n, summary.undefined) == (3, 0)


def test_summary_counts_undefined_values_instead_of_hiding_them() -> None:
    summary = summarise([math.nan, 1.0, 3.0])
    assert (summary.mean, summary.n, summary.undefined) == (2.0, 2, 1)


def test_summary_of_nothing_is_nan() -> None:
    for values in ([], [math.nan]):
        summary = summarise(values)
        assert math.isnan(summary.mean)
        assert math.isnan(summary.sd_sample)
        assert math.isnan(summary.sd_population)
        assert summary.n == 0


def test_one_value_has_no_sample_spread() -> None:
    summary = summarise([0.7])
    assert math.isnan(summary.sd_sample)
    assert summary.sd_population == 0.0


def test_infinite_values_keep_their_mean_and_have_no_spread() -> None:
    summary = summarise([1.0, math.inf])
    assert summary.mean == math.inf
    assert math.isnan(summary.sd_population)


def test_other_degrees_of_freedom_are_refused() -> None:
    with pytest.raises(ValueError, match="ddof is 2"):
        summarise([1.0]).sd(2)


def test_bootstrap_covers_a_known_shift_and_is_seeded() -> None:
    rng = np.random.default_rng(3)
    before = rng.uniform(0.3, 0.9, 40)
    after = before - 0.05 + rng.normal(0, 0.02, 40)
    interval = paired_bootstrap(before, after, seed=1)
    assert interval.low < -0.05 < interval.high < 0
    assert interval.excludes_zero
    assert interval.n == 40
    assert interval == paired_bootstrap(before, after, seed=1)


def test_bootstrap_of_noise_includes_zero() -> None:
    noise = np.random.default_rng(5).normal(0, 0.1, 30)
    assert not paired_bootstrap(np.zeros(30), noise).excludes_zero


def test_bootstrap_of_equal_differences_has_no_width() -> None:
    assert paired_bootstrap([0.5] * 8, [0.5] * 8) == Interval(0.0, 0.0, 0.0, 8)
    assert paired_bootstrap([0.5] * 8, [0.25] * 8) == Interval(-0.25, -0.25, -0.25, 8)


@pytest.mark.parametrize(("before", "after"), [([1.0], [1.0]), ([1.0, math.nan], [1.0, 2.0]), ([], [])])
def test_bootstrap_refuses_too_little_and_undefined(before: list[float], after: list[float]) -> None:
    with pytest.raises(ValueError, match="paired bootstrap needs"):
        paired_bootstrap(before, after)


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


def test_the_t_interval_is_that_of_scipy() -> None:
    values = [0.1, 0.3, 0.2, 0.5]
    expected = scipy_stats.ttest_1samp(values, 0).confidence_interval(0.9)
    found = mean_interval(values, confidence=0.9)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    assert paired_difference(values) == pytest.approx(scipy_stats.ttest_1samp(values, 0).pvalue)


def test_values_without_scatter_leave_no_room_for_chance() -> None:
    assert (mean_interval([0.2, 0.2]).low, mean_interval([0.2, 0.2]).high) == (0.2, 0.2)
    assert (paired_difference([0.2, 0.2]), paired_difference([0.0, 0.0])) == (0.0, 1.0)
    for function in (mean_interval, paired_difference):
        with pytest.raises(ValueError, match="two finite"):
            function([1.0])
