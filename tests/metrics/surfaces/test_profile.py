"""Profiles: sums, extremes and quantiles of weighted distances, beside NumPy on the distances one by one."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.metrics.surfaces.profile import BothWays, Profile

PAIRS = st.lists(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 4)), max_size=8), min_size=1, max_size=4)


def profile(pairs: list[list[tuple[int, int]]]) -> Profile:
    return Profile.of([(np.array([d for d, _ in one], float), np.array([w for _, w in one], float)) for one in pairs])


def spread(one: list[tuple[int, int]]) -> np.ndarray:
    """Each distance as often as its weight says."""
    return np.repeat([float(d) for d, _ in one], [w for _, w in one])


@given(PAIRS, st.integers(0, 9))
def test_sums_are_those_of_the_elements(pairs: list[list[tuple[int, int]]], tolerance: int) -> None:
    found = profile(pairs)
    singly = [spread(one) for one in pairs]
    assert found.totals.tolist() == [one.size for one in singly]
    assert found.moments.tolist() == [one.sum() for one in singly]
    assert found.within(tolerance).tolist() == [np.count_nonzero(one <= tolerance) for one in singly]


@given(PAIRS)
def test_extremes_and_quantiles_are_those_of_numpy(pairs: list[list[tuple[int, int]]]) -> None:
    found = profile(pairs)
    for index, one in enumerate(map(spread, pairs)):
        if not one.size:
            assert math.isnan(found.largest[index])
            assert math.isnan(found.weighted_quantile(0.95)[index])
            assert math.isnan(found.interpolated_quantile(0.95)[index])
            continue
        assert found.largest[index] == one.max()
        assert found.interpolated_quantile(0.95)[index] == pytest.approx(np.quantile(one, 0.95), abs=1e-12)
        expected = np.sort(one)[int(np.searchsorted(np.arange(1, one.size + 1) / one.size, 0.95 - 1e-9))]
        assert found.weighted_quantile(0.95)[index] == expected


@given(PAIRS)
def test_both_ways_joined_are_the_elements_of_both(pairs: list[list[tuple[int, int]]]) -> None:
    both = BothWays(profile(pairs), profile(pairs[::-1]))
    assert both.joined.totals.tolist() == [
        spread(a).size + spread(b).size for a, b in zip(pairs, pairs[::-1], strict=True)
    ]
    assert both.joined.distances.size == both.truth.distances.size + both.pred.distances.size


def test_a_tolerance_counts_what_equals_it_but_for_rounding() -> None:
    found = Profile.of([(np.array([0.1 * 3]), np.array([1.0]))])
    assert found.within(0.3).tolist() == [1.0]
    assert found.within(0.2999).tolist() == [0.0]


def test_no_pairs_have_no_numbers() -> None:
    found = Profile.of([])
    assert found.totals.size == found.largest.size == found.weighted_quantile(0.5).size == 0
