"""Kendall's tau agrees with SciPy's."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kendalltau

from harness.statistics import kendall_tau

PAIRS = st.integers(2, 12).flatmap(
    lambda n: st.tuples(*(st.lists(st.integers(0, 4).map(float), min_size=n, max_size=n) for _ in range(2)))
)


@given(PAIRS)
def test_it_is_tau_b(pair: tuple[list[float], list[float]]) -> None:
    expected = float(kendalltau(*pair).statistic)
    found = kendall_tau(*pair)
    assert (math.isnan(found) and math.isnan(expected)) or found == pytest.approx(expected, abs=1e-12)


def test_orders_that_are_equal_and_reversed() -> None:
    values = np.array([3.0, 1.0, 2.0])
    assert kendall_tau(values, values * 10) == 1
    assert kendall_tau(values, -values) == -1


@pytest.mark.parametrize("pair", [([1.0, 1.0], [1.0, 2.0]), ([1.0, 2.0], [1.0, 1.0]), ([3.0, 3.0], [4.0, 4.0])])
def test_a_list_of_ties_has_no_order_and_divides_by_nothing(pair: tuple[list[float], list[float]]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert math.isnan(kendall_tau(*pair))


def test_what_cannot_be_compared() -> None:
    with pytest.raises(ValueError, match="of one length without NaN"):
        kendall_tau([1.0], [1.0, 2.0])
    with pytest.raises(ValueError, match="of one length without NaN"):
        kendall_tau([math.nan, 1.0], [1.0, 2.0])
    assert math.isnan(kendall_tau([1.0], [2.0]))
