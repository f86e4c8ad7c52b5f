"""Variation of information against both libraries."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from harness.metrics import overlap_table
from harness.metrics.information import METRICS
from tests.metrics.images import Pair, hostile_pairs, pairs

HOSTILE = hostile_pairs()
split, merge, total = METRICS


@pytest.fixture(params=HOSTILE)
def pair(request: pytest.FixtureRequest) -> Pair:
    return HOSTILE[request.param]


def assert_agreement(pair: Pair) -> None:
    from elf.evaluation import variation_of_information as by_elf
    from skimage.metrics import variation_of_information as by_skimage

    truth, pred = pair
    table = overlap_table(truth, pred)
    measured = (split(table), merge(table))
    assert measured == pytest.approx(by_elf(pred, truth), abs=1e-9)
    assert measured == pytest.approx(tuple(by_skimage(truth, pred)), abs=1e-9)
    assert total(table) == sum(measured)


def test_libraries_agree(pair: Pair) -> None:
    pytest.importorskip("elf.evaluation")
    assert_agreement(pair)


@given(pairs())
def test_libraries_agree_on_any_small_pair(pair: Pair) -> None:
    pytest.importorskip("elf.evaluation")
    assert_agreement(pair)


@given(pairs())
def test_split_and_merge_change_places(pair: Pair) -> None:
    truth, pred = pair
    assert split(overlap_table(truth, pred)) == merge(overlap_table(pred, truth)) >= 0
    assert total(overlap_table(truth, truth)) == 0


def test_unit_is_bits() -> None:
    assert split(overlap_table(np.ones(4, int), np.array([1, 1, 2, 2]))) == 1.0
