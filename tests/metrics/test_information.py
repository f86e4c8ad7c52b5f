"""Variation of information against both libraries."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given

from harness.metrics import overlap_table
from harness.metrics.information import CONVENTIONS, METRICS
from tests.metrics.images import Pair, hostile_pairs, pairs

HOSTILE = hostile_pairs()
BY_ID = {metric.id: metric for metric in METRICS}
split, merge, total = (BY_ID[f"voi.{part}"] for part in ("split", "merge", "sum"))


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
    without_truth_0, without_0 = (
        tuple(BY_ID[f"voi.{part}.{name}"](table) for part in ("split", "merge")) for name in ("gt0", "both0")
    )
    if np.any(truth):
        assert without_truth_0 == pytest.approx(by_elf(pred, truth, ignore_gt=[0]), abs=1e-9)
        assert without_truth_0 == pytest.approx(tuple(by_skimage(truth, pred, ignore_labels=(0,))), abs=1e-9)
    else:
        assert all(map(math.isnan, without_truth_0))
    kept = (truth > 0) & (pred > 0)
    if np.any(kept):
        assert without_0 == pytest.approx(by_elf(pred[kept], truth[kept]), abs=1e-9)
    else:
        assert all(map(math.isnan, without_0))
    without_shared_0 = tuple(BY_ID[f"voi.{part}.elf-both0"](table) for part in ("split", "merge"))
    if np.any(truth) or np.any(pred):
        assert without_shared_0 == pytest.approx(by_elf(pred, truth, ignore_gt=[0], ignore_seg=[0]), abs=1e-9)
    else:
        assert all(map(math.isnan, without_shared_0))


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
    both0 = [BY_ID[f"voi.{part}.both0"] for part in ("split", "merge")]
    expected = both0[1](overlap_table(pred, truth))
    assert both0[0](overlap_table(truth, pred)) == pytest.approx(expected, abs=1e-12, nan_ok=True)


@given(pairs())
def test_the_sum_is_that_of_split_and_merge(pair: Pair) -> None:
    table = overlap_table(*pair)
    for convention in CONVENTIONS:
        parts = [BY_ID[f"voi.{part}.{convention.name}"](table) for part in ("split", "merge", "sum")]
        assert parts[2] == pytest.approx(parts[0] + parts[1], abs=1e-12, nan_ok=True)


def test_unit_is_bits() -> None:
    assert split(overlap_table(np.ones(4, int), np.array([1, 1, 2, 2]))) == 1.0


@pytest.mark.parametrize("part", ["split", "merge", "sum"])
def test_a_short_id_says_whose_name_it_is(part: str) -> None:
    short, whole = BY_ID[f"voi.{part}"], BY_ID[f"voi.{part}.all"]
    assert short.definition == f"{whole.definition}; the same number as voi.{part}.all"
