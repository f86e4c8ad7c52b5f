"""CREMI's class and score against their written definitions and elf."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given

from harness.metrics import Pair, overlap_table
from harness.metrics.band import CREMI_BAND_UM, LEFT_OUT
from harness.metrics.cremi import METRICS
from tests.metrics import naive
from tests.metrics.images import Pair as Images
from tests.metrics.images import hostile_pairs, pairs

HOSTILE = hostile_pairs()
BY_ID = {metric.id: metric for metric in METRICS}


def assert_agreement(truth: np.ndarray, pred: np.ndarray) -> None:
    table = overlap_table(truth, pred)
    split, merge, arand = naive.cremi_challenge(truth, pred, None)
    assert BY_ID["arand.cremi-challenge"](table) == pytest.approx(arand, abs=1e-12)
    expected = math.sqrt(max(split + merge, 0) * max(arand, 0))
    assert BY_ID["cremi-score.challenge"](table) == pytest.approx(expected, abs=1e-7)


@pytest.mark.parametrize("name", HOSTILE)
def test_the_class_agrees_without_a_band(name: str) -> None:
    assert_agreement(*HOSTILE[name])


@given(pairs())
def test_the_class_agrees_on_any_small_pair(images: Images) -> None:
    assert_agreement(*images)


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("spacing_um", [0.02, 0.012])
def test_the_class_agrees_with_a_band(name: str, spacing_um: float) -> None:
    truth, pred = HOSTILE[name]
    pair = Pair(truth, pred, spacing_um=(0.04, spacing_um, spacing_um)[-truth.ndim :])
    split, merge, arand = naive.cremi_challenge(truth, pred, CREMI_BAND_UM / spacing_um)
    assert BY_ID["arand.cremi-challenge-25nm"].of(pair) == pytest.approx(arand, abs=1e-12, nan_ok=True)
    expected = math.nan if math.isnan(arand) else math.sqrt(max(split + merge, 0) * max(arand, 0))
    assert BY_ID["cremi-score.challenge-25nm"].of(pair) == pytest.approx(expected, abs=1e-7, nan_ok=True)


@pytest.mark.parametrize("name", HOSTILE)
def test_elf_agrees(name: str) -> None:
    cremi_score = pytest.importorskip("elf.evaluation").cremi_score
    truth, pred = HOSTILE[name]
    table = overlap_table(truth, pred)
    assert BY_ID["cremi-score.elf"](table) == pytest.approx(cremi_score(pred, truth)[3], abs=1e-7)
    if np.any(truth):
        expected = cremi_score(pred, truth, ignore_gt=[0])[3]
        assert BY_ID["cremi-score.elf-gt0"](table) == pytest.approx(expected, abs=1e-7)


def test_the_greatest_label_is_left_out() -> None:
    truth = np.array([1, 1, 2, 2, LEFT_OUT], np.uint64)
    pred = np.array([1, 1, 2, 2, 2], np.uint64)
    assert BY_ID["arand.cremi-challenge"](overlap_table(truth, pred)) == 0
    nothing = overlap_table(truth[4:], pred[4:])
    assert all(math.isnan(BY_ID[name](nothing)) for name in ("arand.cremi-challenge", "cremi-score.challenge"))
