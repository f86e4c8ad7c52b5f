"""Panoptic quality: its identity, the library, the bounds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from harness.metrics import overlap_table
from harness.metrics.panoptic import METRICS
from tests.metrics.images import Pair, hostile_pairs, pairs

HOSTILE = hostile_pairs()
panoptic_quality, segmentation_quality, recognition_quality = METRICS


@given(pairs())
def test_quality_is_the_product_of_its_factors(pair: Pair) -> None:
    table = overlap_table(*pair)
    product = segmentation_quality(table) * recognition_quality(table)
    assert panoptic_quality(table) == pytest.approx(product, abs=1e-12)


@pytest.mark.parametrize("name", HOSTILE)
def test_stardist_agrees_just_above_one_half(name: str) -> None:
    matching = pytest.importorskip("stardist.matching").matching
    truth, pred = HOSTILE[name]
    if not np.any(truth) and not np.any(pred):
        pytest.skip("the library scores two empty images 0")
    result = matching(truth, pred, thresh=0.5001)
    table = overlap_table(truth, pred)
    assert panoptic_quality(table) == pytest.approx(result.panoptic_quality, abs=1e-6)
    assert segmentation_quality(table) == pytest.approx(result.mean_matched_score, abs=1e-6)
    assert recognition_quality(table) == pytest.approx(result.f1, abs=1e-12)


@given(pairs())
def test_bounds_symmetry_and_identity(pair: Pair) -> None:
    truth, pred = pair
    for metric in METRICS:
        assert 0 <= metric(overlap_table(truth, pred)) <= 1
        assert metric(overlap_table(truth, pred)) == metric(overlap_table(pred, truth))
        assert metric(overlap_table(truth, truth)) == 1
