"""Mean and spread against known values."""

from __future__ import annotations

import math
import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.statistics import summarise
from harness.statistics.summaries import _root


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


def test_two_values_have_a_spread() -> None:
    assert summarise([1.0, 3.0]).sd_sample == pytest.approx(2**0.5)


def test_undefined_values_are_counted_beside_infinite_ones() -> None:
    summary = summarise([math.inf, math.nan, 1.0])
    assert (summary.mean, summary.n, summary.undefined) == (math.inf, 2, 1)
    assert math.isnan(summarise([math.inf, -math.inf]).mean)


def test_infinite_values_keep_their_mean_and_have_no_spread() -> None:
    summary = summarise([1.0, math.inf])
    assert summary.mean == math.inf
    assert math.isnan(summary.sd_population)


def test_other_degrees_of_freedom_are_refused() -> None:
    with pytest.raises(ValueError, match="ddof is 2"):
        summarise([1.0]).sd(2)


MOST = 1e300


@given(st.lists(st.floats(-MOST, MOST) | st.floats(-1e-300, 1e-300) | st.floats(0, 1), min_size=2))
def test_spreads_are_those_of_the_standard_library_to_the_last_bit(values: list[float]) -> None:
    summary = summarise(values)
    assert summary.sd_sample == statistics.stdev(values)
    assert summary.sd_population == statistics.pstdev(values)


def test_equal_values_have_no_spread() -> None:
    summary = summarise([0.1] * 3)
    assert (summary.sd_sample, summary.sd_population) == (0.0, 0.0)


def test_whole_numbers_have_a_spread() -> None:
    assert summarise([1, 2, 4]).sd_sample == statistics.stdev([1, 2, 4])


@pytest.mark.parametrize(("rest", "root"), [(-1, 1.0), (0, 1.0), (1, 1.0 + 2.0**-52)])
@pytest.mark.parametrize("power", [130, 200, 306])
def test_a_root_beside_the_middle_of_two_floats_is_the_nearer_one(power: int, rest: int, root: float) -> None:
    """The middle itself, 1 + 2**-53, goes to the even one, which is 1."""
    middle = (2**53 + 1) ** 2 << (power - 106)
    assert _root(middle + rest, 1 << power) == root
    assert _root(3 * middle + rest, 3 << power) == root


def test_the_smallest_spread_of_whole_numbers_is_one_half() -> None:
    assert summarise([0.0, 1.0]).sd_population == 0.5
    assert _root(1, 4) == 0.5
    assert _root(0, 4) == 0.0
