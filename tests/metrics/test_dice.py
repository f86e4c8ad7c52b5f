"""Symmetric best Dice against the library and the written definitions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given

from harness.metrics import overlap_table
from harness.metrics.dice import METRICS
from tests.metrics import naive
from tests.metrics.images import Pair, hostile_pairs, pairs

HOSTILE = hostile_pairs()
cvppp, spoco, elf, mask = METRICS


@pytest.fixture(params=HOSTILE)
def pair(request: pytest.FixtureRequest) -> Pair:
    return HOSTILE[request.param]


def assert_agreement(pair: Pair) -> None:
    from elf.evaluation import dice_score, symmetric_best_dice_score

    truth, pred = pair
    table = overlap_table(truth, pred)
    assert elf(table) == pytest.approx(symmetric_best_dice_score(pred, truth), abs=1e-12)
    assert mask(table) == pytest.approx(dice_score(pred, truth) if np.any(truth) or np.any(pred) else 1.0, abs=1e-7)
    if np.any(truth) and np.any(pred):
        assert cvppp(table) == pytest.approx(naive.symmetric_best_dice(truth, pred, 0), abs=1e-12)
        assert spoco(table) == pytest.approx(naive.symmetric_best_dice(truth, pred, 1), abs=1e-12)
    else:
        assert math.isnan(spoco(table))
        assert cvppp(table) == float(not np.any(truth) and not np.any(pred))


def test_library_and_definitions_agree(pair: Pair) -> None:
    pytest.importorskip("elf.evaluation")
    assert_agreement(pair)


@given(pairs())
def test_library_and_definitions_agree_on_any_small_pair(pair: Pair) -> None:
    pytest.importorskip("elf.evaluation")
    assert_agreement(pair)


def test_spoco_counts_objects_that_do_not_touch() -> None:
    truth, pred = np.array([1, 1, 0, 0, 0]), np.array([0, 0, 1, 2, 2])
    assert spoco(overlap_table(truth, pred)) == pytest.approx((1 / 4 + 1 / 5) / 2)


@given(pairs())
def test_bounds_symmetry_and_identity(pair: Pair) -> None:
    truth, pred = pair
    for metric in METRICS:
        value = metric(overlap_table(truth, pred))
        assert math.isnan(value) or 0 <= value <= 1
        assert value == pytest.approx(metric(overlap_table(pred, truth)), abs=0, nan_ok=True)
        if np.any(truth):
            assert metric(overlap_table(truth, truth)) == pytest.approx(1, abs=1e-6)
