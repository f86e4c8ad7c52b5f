"""Adapted Rand error against the libraries and the written definition."""

from __future__ import annotations

import math
import warnings
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from harness.metrics import overlap_table
from harness.metrics.rand import METRICS, sum_of_squares
from tests.metrics import naive
from tests.metrics.images import Pair, hostile_pairs, pairs

HOSTILE = hostile_pairs()
BY_ID = {metric.id: metric for metric in METRICS}


@pytest.fixture(params=HOSTILE)
def pair(request: pytest.FixtureRequest) -> Pair:
    return HOSTILE[request.param]


def by_skimage(pair: Pair, ignored: tuple[int, ...]) -> float:
    from skimage.metrics import adapted_rand_error

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return float(adapted_rand_error(*pair, ignore_labels=ignored)[0])


def by_elf(pair: Pair, ignored: list[int] | None) -> float:
    from elf.evaluation import rand_index

    truth, pred = pair
    try:
        return float(rand_index(pred, truth, ignore_gt=ignored)[0])
    except ZeroDivisionError:
        return math.nan


def assert_agreement(pair: Pair) -> None:
    table = overlap_table(*pair)
    expected = {
        "arand.cremi": naive.cremi(*pair),
        "arand.skimage": by_skimage(pair, (0,)),
        "arand.skimage-all": by_skimage(pair, ()),
        "arand.elf": by_elf(pair, None),
        "arand.elf-gt0": by_elf(pair, [0]),
    }
    measured = {name: metric(table) for name, metric in BY_ID.items()}
    assert measured == pytest.approx(expected, abs=1e-12, nan_ok=True)


def test_libraries_agree(pair: Pair) -> None:
    pytest.importorskip("elf.evaluation")
    assert_agreement(pair)


@given(pairs())
def test_libraries_agree_on_any_small_pair(pair: Pair) -> None:
    pytest.importorskip("elf.evaluation")
    assert_agreement(pair)


@given(pairs())
def test_voxels_predicted_as_background_are_segments_of_their_own_to_cremi(pair: Pair) -> None:
    assert BY_ID["arand.cremi"](overlap_table(*pair)) == pytest.approx(naive.cremi(*pair), abs=1e-12, nan_ok=True)


def test_half_an_object_predicted_as_background_adds_a_part_of_a_voxel_to_cremi() -> None:
    """Of 4 voxels 2 are one segment and 2 add 1/4 each: S = S_pred = 4.5, S_truth = 16."""
    table = overlap_table(np.array([1, 1, 1, 1]), np.array([3, 3, 0, 0]))
    assert BY_ID["arand.cremi"](table) == pytest.approx(1 - 2 * 4.5 / (16 + 4.5), abs=1e-15)


@given(hnp.arrays(np.int64, st.integers(0, 20), elements=st.integers(0, 2**33)))
def test_sum_of_squares_is_exact(counts: np.ndarray) -> None:
    assert sum_of_squares(counts) == sum(int(count) ** 2 for count in counts)


def test_volumes_beyond_double_precision_are_exact() -> None:
    """A table of 2**37 voxels, in which one lone voxel is wrong."""
    size = 2**37
    table = overlap_table(np.array([1, 1]), np.array([1, 2]))
    object.__setattr__(table, "counts", np.array([size - 1, 1]))
    object.__setattr__(table, "truth_sizes", np.array([size]))
    object.__setattr__(table, "pred_sizes", np.array([size - 1, 1]))
    object.__setattr__(table, "voxels", size)
    both = (size - 1) ** 2 + 1
    assert BY_ID["arand.elf"](table) == float(1 - Fraction(2 * both, size**2 + both))


@given(pairs())
def test_bounds_identity_and_symmetry(pair: Pair) -> None:
    truth, pred = pair
    table = overlap_table(truth, pred)
    for name, metric in BY_ID.items():
        assert math.isnan(metric(table)) or 0 <= metric(table) <= 1
        itself = metric(overlap_table(truth, truth))
        assert math.isnan(itself) or itself == 0
        if name in ("arand.skimage-all", "arand.elf"):
            assert metric(table) == pytest.approx(metric(overlap_table(pred, truth)), abs=0, nan_ok=True)
