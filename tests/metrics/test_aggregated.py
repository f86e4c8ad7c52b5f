"""Aggregated Jaccard index and ensemble Dice against their written definitions and Cellpose."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given

from harness.metrics import overlap_table
from harness.metrics.aggregated import METRICS
from tests.metrics import naive
from tests.metrics.images import Pair, hostile_pairs, pairs

HOSTILE = hostile_pairs()
BY_ID = {metric.id: metric for metric in METRICS}


def dice2(truth: np.ndarray, pred: np.ndarray) -> float:
    touching = [(t, p) for t in naive.masks(truth) for p in naive.masks(pred) if np.any(t & p)]
    sizes = sum(t.sum() + p.sum() for t, p in touching)
    return 2 * sum(np.sum(t & p) for t, p in touching) / sizes if sizes else math.nan


class Objects:
    """The objects of a pair, the voxels that each two share, and those of both."""

    def __init__(self, pair: Pair) -> None:
        self.truth, self.pred = (naive.masks(image) for image in pair)
        self.touching = [
            (t, p) for t, one in enumerate(self.truth) for p, other in enumerate(self.pred) if np.any(one & other)
        ]

    def shared(self, partners: list[tuple[int, int]]) -> int:
        return sum(int(np.sum(self.truth[t] & self.pred[p])) for t, p in partners)

    def iou(self, t: int, p: int) -> Fraction:
        return Fraction(int(np.sum(self.truth[t] & self.pred[p])), int(np.sum(self.truth[t] | self.pred[p])))

    def jaccard(self, partners: list[tuple[int, int]]) -> float:
        """Shared voxels over unions and the objects that are nobody's partner; NaN without any object."""
        union = sum(int(np.sum(self.truth[t] | self.pred[p])) for t, p in partners)
        for masks, taken in ((self.truth, {t for t, _ in partners}), (self.pred, {p for _, p in partners})):
            union += sum(int(mask.sum()) for index, mask in enumerate(masks) if index not in taken)
        return self.shared(partners) / union if union else math.nan

    def one_to_one(self, t: int = 0, taken: frozenset[int] = frozenset()) -> Iterator[list[tuple[int, int]]]:
        """Every set of one-to-one partners that share a voxel."""
        if t == len(self.truth):
            yield []
            return
        yield from self.one_to_one(t + 1, taken)
        for p in (p for one, p in self.touching if one == t and p not in taken):
            yield from ([(t, p), *rest] for rest in self.one_to_one(t + 1, taken | {p}))


@given(pairs())
def test_partners_of_greatest_iou_are_one_of_the_best_sets(pair: Pair) -> None:
    objects, table = Objects(pair), overlap_table(*pair)
    worth = [
        (sum(iou >= Fraction(1, 2) for iou in ious), sum(ious), partners)
        for partners in objects.one_to_one()
        for ious in [[objects.iou(*one) for one in partners]]
    ]
    most = max(total for _, total, _ in worth)
    plus = [objects.jaccard(partners) for _, total, partners in worth if total == most]
    found = BY_ID["aji.plus"](table)
    assert any(found == pytest.approx(value, abs=1e-12, nan_ok=True) for value in plus)
    halves = max((count, total) for count, total, _ in worth)
    foreground = int(np.sum((pair[0] > 0) | (pair[1] > 0)))
    cellpose = [objects.shared(partners) for count, total, partners in worth if (count, total) == halves]
    found = BY_ID["aji.cellpose"](table)
    assert math.isnan(found) if not foreground else round(found * foreground, 9) in cellpose


@given(pairs())
def test_partners_of_greatest_overlap_are_all_that_have_it(pair: Pair) -> None:
    objects = Objects(pair)
    partners = []
    for t in range(len(objects.truth)):
        shared = {p: objects.shared([(t, p)]) for one, p in objects.touching if one == t}
        partners += [(t, p) for p, voxels in shared.items() if voxels == max(shared.values())]
    expected = objects.jaccard(partners)
    found = BY_ID["aji.cellseg-metrics"](overlap_table(*pair))
    assert found == pytest.approx(0.0 if math.isnan(expected) else expected, abs=1e-12)


@pytest.mark.parametrize("name", HOSTILE)
def test_definitions_agree(name: str) -> None:
    truth, pred = HOSTILE[name]
    table = overlap_table(truth, pred)
    kumar, unique = (naive.jaccard(truth, pred, unique=unique) for unique in (False, True))
    assert BY_ID["aji.kumar"](table) == pytest.approx(kumar, abs=1e-12, nan_ok=True)
    assert BY_ID["dice2.hovernet"](table) == pytest.approx(dice2(truth, pred), abs=1e-12, nan_ok=True)
    if name not in ("exact halves", "noise", "unrelated"):
        assert BY_ID["aji.plus"](table) == pytest.approx(unique, abs=1e-12, nan_ok=True)


@given(pairs())
def test_definitions_agree_on_any_small_pair(pair: Pair) -> None:
    table = overlap_table(*pair)
    assert BY_ID["aji.kumar"](table) == pytest.approx(naive.jaccard(*pair, unique=False), abs=1e-12, nan_ok=True)
    assert BY_ID["dice2.hovernet"](table) == pytest.approx(dice2(*pair), abs=1e-12, nan_ok=True)


@pytest.mark.slow
@pytest.mark.parametrize("name", HOSTILE)
def test_cellpose_agrees(name: str) -> None:
    library = pytest.importorskip("cellpose.metrics").aggregated_jaccard_index
    truth, pred = HOSTILE[name]
    with np.errstate(all="ignore"):
        expected = float(library([truth], [pred])[0])
    assert BY_ID["aji.cellpose"](overlap_table(truth, pred)) == pytest.approx(expected, abs=1e-12, nan_ok=True)


@given(pairs())
def test_unique_partners_never_gain(pair: Pair) -> None:
    table = overlap_table(*pair)
    values = [metric(table) for metric in METRICS]
    assert all(math.isnan(value) or 0 <= value <= 1 for value in values)
    if np.any(pair[0]):
        assert all(metric(overlap_table(pair[0], pair[0])) == 1 for metric in METRICS)


def test_equal_overlaps_all_count_in_cellseg_metrics() -> None:
    """A true object is cut into halves: Kumar's index takes the first half, cellseg-metrics both."""
    table = overlap_table(np.ones(4, int), np.array([1, 1, 2, 2]))
    assert BY_ID["aji.kumar"](table) == 2 / 6
    assert BY_ID["aji.cellseg-metrics"](table) == 4 / 8


def test_one_partner_of_a_half_outweighs_two_lesser_ones_in_cellpose() -> None:
    """IoU .5 exactly, beside .317 and .333 that exclude it, among sixteen objects that are found: 40 voxels, not 39."""
    found = list(range(3, 19))
    truth = np.array([1] * 60 + [2] * 20 + found)
    pred = np.array([1] * 40 + [2] * 19 + [0] + [1] * 20 + found)
    table = overlap_table(truth, pred)
    assert BY_ID["aji.cellpose"](table) == (40 + 16) / 96
    assert BY_ID["aji.plus"](table) == pytest.approx((39 + 16) / (60 + 60 + 16))


def test_of_many_equal_partners_the_one_of_the_least_label_counts() -> None:
    """Partners share 10 to 44 voxels of one object of 1,000: every other one has IoU 1/100, those between 1/200."""
    counts, shares = BY_ID["aji.kumar"].counts, np.arange(10, 45)
    assert counts is not None
    for seed in range(10):
        shared = np.random.default_rng(seed).permutation(shares)
        times = np.where(shared % 2, 100, 200)
        inside = np.pad(np.repeat(np.arange(1, 36), shared), (0, 1000 - shared.sum()))
        pred = np.concatenate([inside, np.repeat(np.arange(1, 36), times * shared - 1000)])
        truth = np.where(np.arange(pred.size) < 1000, 1, 0)
        assert counts(overlap_table(truth, pred))["aji.kumar.shared"] == shared[shared % 2 == 1][0]


def test_definitions_say_what_is_divided_by_and_what_is_undefined() -> None:
    for metric in METRICS:
        shown = "NaN" if math.isnan(dict(metric.edge_cases)["both empty"]) else "0"
        if metric.id.startswith("dice2."):
            assert metric.definition.endswith(f"; {shown} without one")
            continue
        assert metric.definition.endswith(f"; both empty {shown}, one empty 0")
        assert ("/ voxels of objects on either side," in metric.definition) == (metric.id == "aji.cellpose")
        assert ("/ their unions and the objects of both" in metric.definition) == (metric.id != "aji.cellpose")
