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


@pytest.mark.parametrize("name", HOSTILE)
def test_all_thresholds_and_areas_are_taken_where_none_are_said(name: str) -> None:
    ranking = with_confidences(HOSTILE[name], 7)
    pair = pair_of(ranking)
    assert average_precision_of([pair.ranked]) == pytest.approx(BY_ID["coco.ap"].of(pair), abs=0, nan_ok=True)


def test_equal_confidences_go_by_image_and_label_however_many_they_are() -> None:
    """Each of two images has 300 sure objects, all right; the others are right in the first and wrong in the second."""
    pred = np.arange(1, 601)
    is_sure = pred % 2 == 0
    confidences = {int(label): 0.9 if sure else 0.5 for label, sure in zip(pred, is_sure, strict=True)}
    images = [Pair(truth, pred, confidences=confidences).ranked for truth in (pred, np.where(is_sure, pred, 0))]
    assert average_precision_of(images, thresholds=[0.5]) == 1.0
    assert average_precision_of(images[::-1], thresholds=[0.5]) < 0.95


def test_a_true_object_of_the_area_is_preferred_to_a_nearer_one_outside_it() -> None:
    """One predicted object holds true ones of 1,000 and 1,100 voxels, of which the former is small."""
    truth = np.repeat([1, 2], [1000, 1100])
    ranked = Pair(truth, np.ones(2100, int), confidences={1: 1.0}).ranked
    assert average_precision_of([ranked], thresholds=[0.3], area="small") == 1.0
    assert average_precision_of([ranked], thresholds=[0.5], area="small") == 0.0


def test_an_iou_within_rounding_of_1_reaches_1() -> None:
    """Of 2**40 voxels one is wrong; pycocotools takes whatever is above 1 - 1e-10 for 1."""
    ranked = Pair(np.array([1, 1]), np.array([1, 0]), confidences={1: 1.0}).ranked
    for field, values in (("counts", [1, 2**40 - 1]), ("truth_sizes", [2**40]), ("pred_sizes", [1, 2**40 - 1])):
        object.__setattr__(ranked.table, field, np.array(values))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("harness.metrics.coco.AREAS", {"all": (0, 2**50)})
        assert average_precision_of([ranked], thresholds=[1.0]) == 1.0


@pytest.mark.parametrize(
    ("metric", "objects", "thresholds"),
    [
        ("ap", "", ".50, .55, ..., .95"),
        ("ap50", "", "0.5"),
        ("ap75", "", "0.75"),
        ("ap-small", " of objects of 0 to 1024 voxels", ".50, .55, ..., .95"),
        ("ap-medium", " of objects of 1024 to 9216 voxels", ".50, .55, ..., .95"),
        ("ap-large", " of objects of 9216 to any number of voxels", ".50, .55, ..., .95"),
    ],
)
def test_definitions_say_which_objects_and_thresholds(metric: str, objects: str, thresholds: str) -> None:
    definition = BY_ID[f"coco.{metric}"].definition
    assert definition.startswith(f"area under precision against recall{objects}, precision made to fall")
    assert f", mean over t = {thresholds}; predicted objects" in definition
