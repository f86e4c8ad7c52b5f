"""Average precision of COCO against its written definition, detection by detection."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.metrics import Pair
from harness.metrics.coco import AREAS, METRICS, THRESHOLDS, average_precision_of
from tests.metrics import naive
from tests.metrics.images import Pair as Images
from tests.metrics.images import hostile_pairs, pairs

HOSTILE = hostile_pairs()
BY_ID = {metric.id: metric for metric in METRICS}
Ranking = tuple[np.ndarray, np.ndarray, dict[int, float]]


def with_confidences(images: Images, seed: int) -> Ranking:
    """Confidences with many ties."""
    rng = np.random.default_rng(seed)
    return *images, {int(label): float(rng.integers(0, 6) / 5) for label in np.unique(images[1]) if label}


def pair_of(ranking: Ranking) -> Pair:
    return Pair(ranking[0], ranking[1], confidences=ranking[2])


@pytest.mark.parametrize("name", HOSTILE)
def test_the_definition_agrees(name: str) -> None:
    ranking = with_confidences(HOSTILE[name], 5)
    expected = np.mean([naive.coco([ranking], threshold, *AREAS["all"]) for threshold in THRESHOLDS])
    assert BY_ID["coco.ap"].of(pair_of(ranking)) == pytest.approx(expected, abs=1e-12, nan_ok=True)


@given(st.lists(pairs(), min_size=1, max_size=3), st.sampled_from([0.5, 0.75]), st.sampled_from([(0, 1e10), (3, 8)]))
def test_a_set_has_one_ranking(images: list[Images], threshold: float, area: tuple[float, float]) -> None:
    rankings = [with_confidences(pair, seed) for seed, pair in enumerate(images)]
    expected = naive.coco(rankings, threshold, *area)
    evidence = [pair_of(ranking).ranked for ranking in rankings]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("harness.metrics.coco.AREAS", {"some": area})
        value = average_precision_of(evidence, thresholds=[threshold], area="some")
    assert value == pytest.approx(expected, abs=1e-12, nan_ok=True)


def test_a_surer_error_costs_precision() -> None:
    truth, pred = np.array([1, 1, 0, 0]), np.array([1, 1, 0, 2])
    right_first, wrong_first = ({1: 0.9, 2: 0.1}, {1: 0.1, 2: 0.9})
    assert BY_ID["coco.ap50"].of(Pair(truth, pred, confidences=right_first)) == 1.0
    assert BY_ID["coco.ap50"].of(Pair(truth, pred, confidences=wrong_first)) == pytest.approx(0.5)


def test_areas_divide_objects_and_leave_others_out() -> None:
    truth = np.zeros((50, 50), int)
    truth[:40, :40], truth[45:, 45:] = 1, 2
    pred = np.where(truth == 1, 1, 0)
    pair = Pair(truth, pred, confidences={1: 1.0})
    assert BY_ID["coco.ap-medium"].of(pair) == 1.0
    assert BY_ID["coco.ap-small"].of(pair) == 0.0
    assert math.isnan(BY_ID["coco.ap-large"].of(pair))
