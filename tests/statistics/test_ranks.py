"""Ranks with their uncertainty: places, groups with a fixed anchor, separable neighbours."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import rankdata

from harness.statistics import rank_rows
from harness.statistics.ranks import _equalled, _groups, _p, _places
from harness.statistics.resampling import resampled_means, tree_of

SAMPLES = [(n,) for n in range(40)]


def scores(*means: float, noise: float = 0.01, seed: int = 0) -> np.ndarray:
    """Rows of 40 samples: what each row adds to the samples' own difficulty, and a little noise of its own."""
    rng = np.random.default_rng(seed)
    return np.array(means)[:, None] + rng.normal(0, 0.3, 40) + rng.normal(0, noise, (len(means), 40))


def test_rows_that_differ_on_every_sample_are_separable_however_hard_samples_differ() -> None:
    found = rank_rows(scores(0.5, 0.8, 0.6), SAMPLES, "higher")
    assert [row.row for row in found.rows] == [1, 2, 0]
    assert [(row.rank, row.rank_low, row.rank_high) for row in found.rows] == [(1, 1, 1), (2, 2, 2), (3, 3, 3)]
    assert [(row.group, row.anchor) for row in found.rows] == [(1, True), (2, True), (3, True)]
    assert found.separable == (True, True)
    assert found.words == "2 of 2 neighbouring pairs are separable"
    assert found.rows[0].low < found.rows[0].mean < found.rows[0].high
    assert found.rows[0].high - found.rows[0].low > 0.1


def test_rows_that_differ_by_chance_share_a_group() -> None:
    found = rank_rows(scores(0.5, 0.5001, 0.2, 0.2001, noise=0.05), SAMPLES, "higher")
    assert [row.group for row in found.rows] == [1, 1, 2, 2]
    assert [row.anchor for row in found.rows] == [True, False, True, False]
    assert found.separable == (False, True, False)
    assert found.words == "1 of 3 neighbouring pairs are separable"
    assert {(row.rank_low, row.rank_high) for row in found.rows} == {(1, 2), (3, 4)}


def test_a_chain_of_small_steps_does_not_make_one_group() -> None:
    """No neighbour is separable, but the last row is from the first: the anchor stays the best row of its group."""
    steps = np.arange(8) * 0.02
    found = rank_rows(scores(*steps, noise=0.12, seed=3), SAMPLES, "lower")
    groups = [row.group for row in found.rows]
    assert sum(found.separable) < 7
    assert groups == sorted(groups)
    assert groups[-1] > 1


def test_lower_can_be_better() -> None:
    values = scores(0.5, 0.8, 0.6)
    assert [row.row for row in rank_rows(values, SAMPLES, "lower").rows] == [0, 2, 1]
    assert [row.row for row in rank_rows(-values, SAMPLES, "lower").rows] == [1, 2, 0]


def test_equal_rows_share_the_better_rank() -> None:
    row = scores(0.5)[0]
    found = rank_rows(np.array([row, row - 1, row]), SAMPLES, "higher")
    assert [(one.row, one.rank, one.rank_low, one.rank_high) for one in found.rows] == [
        (0, 1, 1, 1), (2, 1, 1, 1), (1, 3, 3, 3)
    ]  # fmt: skip
    assert [one.group for one in found.rows] == [1, 1, 2]
    assert found.separable == (False, True)


@pytest.mark.parametrize("rows", [2, 3, 5, 7, 9, 13])
@pytest.mark.parametrize("units", [8, 12, 37, 100])
def test_rows_of_the_same_values_are_equal_wherever_they_stand(rows: int, units: int) -> None:
    """How a matrix is multiplied, and so the last bit of a mean, depends on the place of a row in it."""
    values = np.tile(np.random.default_rng(units).random(units), (rows, 1))
    found = rank_rows(values, [(n,) for n in range(units)], "lower", resamples=199)
    assert [(one.row, one.rank, one.rank_low, one.rank_high) for one in found.rows] == [
        (row, 1, 1, 1) for row in range(rows)
    ]
    assert found.separable == (False,) * (rows - 1)


@pytest.mark.parametrize("seed", range(8))
def test_rows_of_the_same_values_in_another_order_have_one_rank(seed: int) -> None:
    rng = np.random.default_rng(seed)
    row = rng.random(20)
    found = rank_rows(np.array([row, row[::-1], rng.permutation(row), row + 1]), SAMPLES[:20], "higher", resamples=199)
    assert [(one.row, one.rank) for one in found.rows] == [(3, 1), (0, 2), (1, 2), (2, 2)]


@pytest.mark.parametrize(("better", "sign"), [("lower", 1.0), ("higher", -1.0)])
@pytest.mark.parametrize("largest", [1e-3, 1.0, 1e3])
@pytest.mark.parametrize(("part", "ranks", "groups"), [(0.7e-12, [1, 1, 3], [1, 1, 2]), (3e-12, [1, 2, 3], [1, 2, 3])])
def test_rows_are_one_where_less_than_a_trillionth_of_the_largest_value_is_between_them(
    better: str, sign: float, largest: float, part: float, ranks: list[int], groups: list[int]
) -> None:
    """The difference is the same on every unit: but for its size it would be a sure one."""
    row = np.linspace(0.25, 0.5, 20)
    values = sign * largest * np.array([row, row + part, row + 0.5])
    found = rank_rows(values, SAMPLES[:20], better, resamples=199)
    assert [(one.row, one.rank, one.rank_low, one.rank_high) for one in found.rows] == [
        (row, rank, rank, rank) for row, rank in enumerate(ranks)
    ]
    assert [one.group for one in found.rows] == groups
    assert found.separable == (ranks[1] == 2, True)


def test_many_equal_rows_stand_in_the_order_in_which_they_were_given() -> None:
    values = np.tile(np.linspace(0, 1, 8), (300, 1))
    values[::3] += 1
    found = rank_rows(values, SAMPLES[:8], "lower", resamples=19)
    assert [one.row for one in found.rows] == [n for n in range(300) if n % 3] + list(range(0, 300, 3))


def test_costs_as_far_apart_as_the_slack_are_one() -> None:
    assert _equalled(np.array([0.5, 0.0, 1.25]), 0.5).tolist() == [0.0, 0.0, 1.25]
    assert _equalled(np.array([0.5, 0.0, 1.0]), 0.25).tolist() == [0.5, 0.0, 1.0]


def test_one_row_alone_is_the_best() -> None:
    found = rank_rows(scores(0.5), SAMPLES, "higher")
    assert (found.rows[0].rank, found.rows[0].group, found.separable) == (1, 1, ())


def test_samples_of_one_data_set_count_as_one_draw() -> None:
    """Better on every sample of two data sets and worse on those of a third: three data sets do not decide."""
    gain = np.repeat([0.1, 0.1, -0.05], 14)[:40]
    values = np.vstack([scores(0.5)[0], scores(0.5)[0] + gain])
    assert rank_rows(values, SAMPLES, "higher").separable == (True,)
    units = [(n // 14, n) for n in range(40)]
    assert rank_rows(values, units, "higher").separable == (False,)
    assert rank_rows(values, units, "higher", fixed=1).separable == (True,)


def test_a_row_without_some_samples_is_ranked_by_the_others() -> None:
    values = scores(0.5, 0.8)
    values[1, :20] = math.nan
    found = rank_rows(values, SAMPLES, "higher")
    best = next(row for row in found.rows if row.row == 1)
    assert best.mean == pytest.approx(np.nanmean(values[1]))
    assert not math.isnan(best.low)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.zeros((0, 40)), r"a ranking needs \(rows, units\) values; found \(0, 40\) for 40 units"),
        (np.zeros((2, 39)), r"found \(2, 39\) for 40 units"),
        (np.zeros(40), r"found \(40,\)"),
        (np.array([[0.0] * 40, [math.nan] * 40]), "row 1 has no value at all"),
    ],
)
def test_values_that_are_not_rows_of_units_are_refused(values: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        rank_rows(values, SAMPLES, "higher")


@given(st.integers(0, 2**32 - 1), st.integers(1, 6))
def test_places_are_those_of_scipy(seed: int, rows: int) -> None:
    costs = np.random.default_rng(seed).integers(0, 4, (5, rows)).astype(float)
    assert _places(costs).tolist() == rankdata(costs, method="min", axis=1).astype(int).tolist()


def test_a_row_without_a_value_in_a_resample_comes_last() -> None:
    assert _places(np.array([[0.3, math.nan, 0.1]])).tolist() == [[2, 3, 1]]
    assert _places(np.array([[math.nan, 0.1, math.nan]])).tolist() == [[2, 1, 2]]


def test_groups_are_made_from_the_anchor_down() -> None:
    near, far = np.random.default_rng(1).normal(0, 1, (500, 2)), np.full((500, 2), 50.0)
    groups, anchors = _groups(np.hstack([near, far]), 0.05)
    assert groups == [1, 1, 2, 2]
    assert anchors == [True, False, True, False]


@pytest.mark.parametrize(("resamples", "groups"), [(39, [1, 1]), (40, [1, 2])])
def test_a_p_of_the_level_itself_separates_nothing(resamples: int, groups: list[int]) -> None:
    """Of 39 resamples on one side p is 2 / 40, which is 0.05 and not below it."""
    assert _groups(np.tile([0.0, 1.0], (resamples, 1)), 0.05)[0] == groups


@given(st.integers(0, 1000), st.floats(0.5, 3), st.floats(-1, 1))
def test_scale_and_shift_change_no_rank(seed: int, scale: float, shift: float) -> None:
    values = scores(0.5, 0.55, 0.6, noise=0.1, seed=seed)
    one = rank_rows(values, SAMPLES, "higher", resamples=99)
    other = rank_rows(scale * values + shift, SAMPLES, "higher", resamples=99)
    assert [(row.row, row.rank, row.group) for row in one.rows] == [
        (row.row, row.rank, row.group) for row in other.rows
    ]
    for row in one.rows:
        assert row.rank_low <= row.rank_high


def test_resamples_are_as_many_as_asked_for_and_seeded() -> None:
    values = scores(0.5, 0.55, 0.6, noise=0.1)
    assert rank_rows(values, SAMPLES, "higher") == rank_rows(values, SAMPLES, "higher", seed=0)
    assert rank_rows(values, SAMPLES, "higher") != rank_rows(values, SAMPLES, "higher", seed=1)
    alone = rank_rows(values, SAMPLES, "higher", resamples=1).rows[0]
    assert alone.low == alone.high


@pytest.mark.parametrize("seed", range(12))
def test_intervals_are_quantiles_of_what_the_resamples_say(seed: int) -> None:
    values = scores(0.5, 0.52, 0.54, noise=0.1, seed=seed)
    found = rank_rows(values, SAMPLES, "lower", confidence=0.8, resamples=100, seed=seed).rows
    drawn = resampled_means(values.T[:, [row.row for row in found]], tree_of(SAMPLES), resamples=100, seed=seed)
    places = rankdata(drawn, method="min", axis=1)
    for place, row in enumerate(found):
        assert (row.low, row.high) == pytest.approx(tuple(np.quantile(drawn[:, place], (0.1, 0.9))))
        low, high = np.quantile(places[:, place], (0.1, 0.9), method="nearest")
        assert (row.rank_low, row.rank_high) == (low, high)


@pytest.mark.parametrize(("resamples", "separable"), [(7, False), (8, True)])
def test_neighbours_whose_p_is_the_level_itself_are_not_separable(resamples: int, separable: bool) -> None:
    """Of 7 resamples on one side p is 2 / 8, and the level of 0.75 is 0.25."""
    found = rank_rows(scores(0.5, 0.9), SAMPLES, "higher", confidence=0.75, resamples=resamples)
    assert found.separable == (separable,)


def test_p_counts_the_rarer_side_twice_and_what_was_found() -> None:
    assert _p(np.array([1.0] * 9)) == pytest.approx(2 * 1 / 10)
    assert _p(np.array([1.0] * 18 + [-1.0])) == pytest.approx(2 * 2 / 20)
    assert _p(np.array([1.0, math.nan] * 9)) == pytest.approx(2 * 1 / 10)
    assert _p(np.zeros(9)) == 1.0
