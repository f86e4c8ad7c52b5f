"""Units that lie in one another: their mean, and what a resample draws."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.statistics import resampling
from harness.statistics.resampling import resampled_means, tree_of

PATHS = [("a", "x", 0), ("b", "z", 0), ("a", "x", 1), ("a", "y", 0), ("a", "y", 1), ("b", "z", 1)]
VALUES = [1.0, 10.0, 3.0, 5.0, 7.0, 20.0]


@st.composite
def trees(draw: st.DrawFn) -> list[tuple[int, int, int]]:
    """Paths of up to four data sets of up to four samples of up to three seeds, in any order."""
    sizes = draw(st.lists(st.lists(st.integers(1, 3), min_size=1, max_size=4), min_size=1, max_size=4))
    paths = [(a, b, c) for a, samples in enumerate(sizes) for b, seeds in enumerate(samples) for c in range(seeds)]
    return draw(st.permutations(paths))


def mean_by_levels(values: dict[tuple[int, ...], float]) -> float:
    """The mean as it is defined: of the means of what lies in each unit."""
    if () in values:
        return values[()]
    parts: dict[int, dict[tuple[int, ...], float]] = {}
    for path, value in values.items():
        parts.setdefault(path[0], {})[path[1:]] = value
    means = [mean_by_levels(part) for part in parts.values()]
    return math.fsum(means) / len(means)


def test_each_unit_weighs_as_much_as_its_siblings() -> None:
    tree = tree_of(PATHS)
    ordered = np.array(VALUES)[tree.order]
    assert tree.units == 2
    assert ordered @ tree.weights() == pytest.approx(((2 + 6) / 2 + 15) / 2)
    assert [PATHS[number][0] for number in tree.order] == ["a", "a", "a", "a", "b", "b"]


@given(trees(), st.randoms(use_true_random=False))
def test_the_mean_is_taken_level_by_level(paths: list[tuple[int, int, int]], random: object) -> None:
    values = [random.uniform(-1, 1) for _ in paths]
    tree = tree_of(paths)
    assert sorted(tree.order.tolist()) == list(range(len(paths)))
    assert tree.weights().sum() == pytest.approx(1)
    found = np.array(values)[tree.order] @ tree.weights()
    assert found == pytest.approx(mean_by_levels(dict(zip(paths, values, strict=True))))


@given(trees(), st.integers(0, 3), st.integers(0, 5))
def test_a_resample_of_equal_values_is_that_value(paths: list[tuple[int, int, int]], fixed: int, seed: int) -> None:
    found = resampled_means(np.full((len(paths), 2), [0.25, -3.0]), tree_of(paths), resamples=7, seed=seed, fixed=fixed)
    assert found == pytest.approx(np.tile([0.25, -3.0], (7, 1)))


@given(trees())
def test_with_every_level_fixed_a_resample_is_the_mean(paths: list[tuple[int, int, int]]) -> None:
    values = np.arange(len(paths), dtype=float)[:, None]
    found = resampled_means(values, tree_of(paths), resamples=3, fixed=3)
    assert found == pytest.approx(np.full((3, 1), mean_by_levels(dict(zip(paths, values[:, 0], strict=True)))))


def test_levels_without_choice_are_left_out() -> None:
    assert tree_of([("one", n) for n in range(5)]).levels == (1,)
    assert tree_of([(n, "only") for n in range(5)]).levels == (0,)
    assert tree_of([("one", "only")]).levels == (1,)
    assert tree_of([("one", n, m) for n in range(3) for m in range(2)]).levels == (1, 2)
    assert tree_of([("one", n) for n in range(5)]).units == 5


def test_a_fixed_level_is_one_of_the_paths_whatever_is_left_out() -> None:
    values = np.arange(5.0)[:, None]
    found = resampled_means(values, tree_of([("one", n) for n in range(5)]), resamples=50, fixed=1)
    assert np.ptp(found) > 0


def test_fixed_data_sets_are_in_every_resample() -> None:
    paths = [(data, n) for data in range(2) for n in range(4)]
    values = np.repeat([0.0, 1.0], 4)[:, None]
    drawn = resampled_means(values, tree_of(paths), resamples=200)
    assert set(drawn[:, 0].tolist()) == {0.0, 0.5, 1.0}
    assert set(resampled_means(values, tree_of(paths), resamples=200, fixed=1)[:, 0].tolist()) == {0.5}


def test_the_spread_of_resamples_is_that_of_the_theory() -> None:
    """For equal sizes: population variance of the unit means over the units, plus that within units over all."""
    rng = np.random.default_rng(1)
    values = rng.normal(0, 1, (6, 1)) + rng.normal(0, 2, (6, 5))
    found = resampled_means(values.reshape(-1, 1), tree_of([(a, b) for a in range(6) for b in range(5)]))
    expected = values.mean(axis=1).var() / 6 + values.var(axis=1).mean() / 30
    assert found.mean() == pytest.approx(values.mean(), abs=0.03)
    assert found.var() == pytest.approx(expected, rel=0.05)


def test_columns_share_their_resamples() -> None:
    values = np.random.default_rng(2).normal(size=(30, 1))
    found = resampled_means(np.hstack([values, values + 1]), tree_of([(n,) for n in range(30)]), resamples=100)
    assert found[:, 1] - found[:, 0] == pytest.approx(np.ones(100))


def test_what_is_undefined_is_left_out_of_its_column() -> None:
    values = np.array([[1.0, 1.0], [math.nan, 1.0], [1.0, 1.0]])
    found = resampled_means(values, tree_of([(n,) for n in range(3)]), resamples=300)
    assert np.isnan(found[:, 0]).mean() == pytest.approx(1 / 27, abs=0.03)
    assert found[~np.isnan(found[:, 0]), 0] == pytest.approx(1)
    assert found[:, 1] == pytest.approx(1)


def test_chunks_do_not_change_what_is_drawn_for_one_resample(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.arange(12.0)[:, None]
    tree = tree_of([(n,) for n in range(12)])
    whole = resampled_means(values, tree, resamples=18, seed=3)
    monkeypatch.setattr(resampling, "CHUNK", 12 * 5)
    assert resampled_means(values, tree, resamples=18, seed=3) == pytest.approx(whole)
    assert not np.array_equal(resampled_means(values, tree, resamples=18, seed=4), whole)


def test_resamples_are_as_many_as_asked_for_and_of_seed_0_unless_told() -> None:
    values, tree = np.arange(12.0)[:, None], tree_of([(n,) for n in range(12)])
    assert resampled_means(values, tree, resamples=1).shape == (1, 1)
    one, other = (resampled_means(values, tree, resamples=9, **seed) for seed in ({}, {"seed": 0}))
    assert np.array_equal(one, other)


@pytest.mark.parametrize(
    ("paths", "message"),
    [
        ([], "paths of one length, one or more; found lengths of nothing"),
        ([()], r"found lengths \[0\]"),
        ([("a",), ("a", "b")], r"found lengths \[1, 2\]"),
        ([("b", 1), ("a", 1), ("a", 1)], r"the unit \('a', 1\) stands there twice"),
    ],
)
def test_wrong_paths_are_refused(paths: list, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        tree_of(paths)


@given(trees(), st.integers(0, 2), st.integers(0, 3))
def test_what_was_drawn_is_remembered_and_the_generator_goes_on_alike(
    paths: list[tuple[int, int, int]], fixed: int, seed: int
) -> None:
    tree = tree_of(paths)
    drawn, remembered = np.random.default_rng(seed), np.random.default_rng(seed)
    for _ in range(2):
        expected = resampling._drawn(tree, 5, drawn, fixed)
        assert np.array_equal(resampling._remembered(tree, 5, remembered, fixed), expected)
        assert drawn.bit_generator.state == remembered.bit_generator.state
    again = np.random.default_rng(seed)
    resampling._remembered(tree, 5, again, fixed)
    assert np.array_equal(resampling._remembered(tree, 5, again, fixed), expected)
