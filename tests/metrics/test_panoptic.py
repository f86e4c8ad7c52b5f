"""Panoptic quality: its identity, the library, the bounds, the ties."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given

from harness.metrics import overlap_table
from harness.metrics.panoptic import CONVENTIONS, METRICS
from tests.metrics.images import Pair, hostile_pairs, pairs

HOSTILE = hostile_pairs()
BY_ID = {metric.id: metric for metric in METRICS}
panoptic_quality, segmentation_quality, recognition_quality = (BY_ID[factor] for factor in ("pq", "sq", "rq"))


@given(pairs())
def test_quality_is_the_product_of_its_factors(pair: Pair) -> None:
    table = overlap_table(*pair)
    for convention in CONVENTIONS:
        pq, sq, rq = (BY_ID[f"{factor}.{convention}"](table) for factor in ("pq", "sq", "rq"))
        assert pq == pytest.approx(sq * rq, abs=1e-12, nan_ok=True)


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


@pytest.mark.parametrize("name", HOSTILE)
def test_stardist_agrees_at_one_half(name: str) -> None:
    matching = pytest.importorskip("stardist.matching").matching
    result = matching(*HOSTILE[name], thresh=0.5)
    table = overlap_table(*HOSTILE[name])
    expected = (result.panoptic_quality, result.mean_matched_score, result.f1)
    assert [BY_ID[f"{factor}.stardist"](table) for factor in ("pq", "sq", "rq")] == pytest.approx(expected, abs=1e-6)


@given(pairs())
def test_bounds_symmetry_and_identity(pair: Pair) -> None:
    truth, pred = pair
    for metric in METRICS:
        value = metric(overlap_table(truth, pred))
        assert math.isnan(value) or 0 <= value <= 1
        assert value == pytest.approx(metric(overlap_table(pred, truth)), abs=1e-15, nan_ok=True)
        if np.any(truth):
            assert metric(overlap_table(truth, truth)) == 1


def test_a_tie_is_a_match_for_some() -> None:
    """One true object, cut into halves: an IoU of exactly one half, twice."""
    table = overlap_table(np.ones(4, int), np.array([1, 1, 2, 2]))
    assert {name: BY_ID[f"pq.{name}"](table) for name in CONVENTIONS} == {
        "canonical": 0.0,
        "stardist": pytest.approx(1 / 3),
        "panoptica": pytest.approx(1 / 3),
    }


@pytest.mark.parametrize("factor", ["pq", "sq", "rq"])
def test_a_short_id_says_whose_name_it_is(factor: str) -> None:
    short, whole = BY_ID[factor], BY_ID[f"{factor}.canonical"]
    assert short.definition == f"{whole.definition}; the same number as {factor}.canonical"


def test_just_below_one_half_is_no_match_for_anybody() -> None:
    table = overlap_table(np.ones(100, int), np.where(np.arange(100) < 49, 1, 0))
    assert [BY_ID[f"pq.{name}"](table) for name in CONVENTIONS] == [0.0] * 3
