"""Average precision of COCO: predicted objects ranked by confidence, precision averaged over recall and IoU.

The only average precision here that is an area under a precision-recall curve. In the order of their confidence,
predicted objects take the unmatched true object of greatest IoU, if that is at least t; precision, made to fall, is
read at recall 0, .01, …, 1, where recall that is never reached counts as precision 0; t = .50, .55, …, .95. As
pycocotools has it, with every object counted (its `maxDets` without a limit) and no crowds. Equal confidences go by
label. With a range of areas a true object outside it, a predicted one matched to it, and an unmatched predicted one
outside it count nowhere.

A set of images has one ranking: its value is that of all of them together, not a mean (`average_precision_of`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from harness.metrics.confidences import Ranked
from harness.metrics.metric import FRACTION, Metric

_COCO = "Lin et al. 2014, arXiv:1405.0312, pycocotools COCOeval (iouType 'segm', maxDets without a limit)"
THRESHOLDS = tuple(np.linspace(0.5, 0.95, 10).tolist())
RECALLS = np.linspace(0.0, 1.0, 101)
AREAS: Mapping[str, tuple[float, float]] = {
    "all": (0, 1e10),
    "small": (0, 32**2),
    "medium": (32**2, 96**2),
    "large": (96**2, 1e10),
}
"""Ranges of voxels of an object, both ends within."""


def average_precision_of(
    images: Sequence[Ranked], *, thresholds: Sequence[float] = THRESHOLDS, area: str = "all"
) -> float:
    """Return COCO's average precision of a set of images, ranked together, over some thresholds and a range of areas.

    NaN if no true object lies in the range. `area` is a key of `AREAS`.
    """
    low, high = AREAS[area]
    judged = [_Judged.of(image, low, high) for image in images]
    true = sum(image.true for image in judged)
    if not true:
        return math.nan
    confidences = np.concatenate([image.confidences for image in judged])
    order = np.argsort(-confidences, kind="stable")
    values = [
        _area_under(np.concatenate([image.outcomes(threshold) for image in judged])[order], true)
        for threshold in thresholds
    ]
    return math.fsum(values) / len(values)


def _area_under(outcomes: np.ndarray, true: int) -> float:
    """Return precision averaged over recall, of outcomes 1 (right), -1 (wrong) and 0 (left out), surest first."""
    right, wrong = np.cumsum(outcomes == 1), np.cumsum(outcomes == -1)
    precision = right / np.maximum(right + wrong, 1)
    falling = np.maximum.accumulate(precision[::-1])[::-1]
    reached = np.searchsorted(right / true, RECALLS, side="left")
    return float(np.append(falling, 0.0)[reached].sum() / RECALLS.size)


@dataclass(frozen=True, eq=False, slots=True)
class _Judged:
    """One image, surest object first: its confidences, candidates, and what lies outside the range of areas.

    candidates       per predicted object (IoU, true object) of every pair that shares a voxel, best last; pairs with
                     true objects outside the range come first, so that those within are preferred
    true_outside, pred_outside   bool, along true objects and along predicted ones
    """

    confidences: np.ndarray
    candidates: list[list[tuple[float, int]]]
    true_outside: np.ndarray
    pred_outside: np.ndarray

    @property
    def true(self) -> int:
        """How many true objects lie in the range."""
        return int((~self.true_outside).sum())

    @classmethod
    def of(cls, image: Ranked, low: float, high: float) -> _Judged:
        table = image.table
        truth, pred = table.truth_sizes[table.first_truth :], table.pred_sizes[table.first_pred :]
        true_outside, pred_outside = ((sizes < low) | (sizes > high) for sizes in (truth, pred))
        order = np.argsort(-image.confidences, kind="stable")
        candidates: list[list[tuple[float, int]]] = [[] for _ in range(pred.size)]
        pairs = table.objects
        for row, col, iou in zip(pairs.rows.tolist(), pairs.cols.tolist(), pairs.iou.tolist(), strict=True):
            candidates[col - table.first_pred].append((iou, row - table.first_truth))
        for found in candidates:
            found.sort(key=lambda pair: (not true_outside[pair[1]], pair))
        return cls(image.confidences[order], [candidates[i] for i in order], true_outside, pred_outside[order])

    def outcomes(self, threshold: float) -> np.ndarray:
        """Return 1 (right), -1 (wrong) or 0 (left out) per predicted object, surest first."""
        least = min(threshold, 1 - 1e-10)
        taken = np.zeros(self.true_outside.size, bool)
        outcomes = np.zeros(len(self.candidates), np.int8)
        for index, candidates in enumerate(self.candidates):
            match = next((row for iou, row in reversed(candidates) if iou >= least and not taken[row]), None)
            if match is None:
                outcomes[index] = 0 if self.pred_outside[index] else -1
            else:
                taken[match] = True
                outcomes[index] = 0 if self.true_outside[match] else 1
        return outcomes


def _of_one(image: Ranked, *, thresholds: tuple[float, ...], area: str) -> float:
    return average_precision_of([image], thresholds=thresholds, area=area)


_CASES = (
    "both empty",
    "truth empty, 2 predicted",
    "truth of 2, prediction empty",
    "identical",
    "disjoint",
    "half missed, IoU exactly .5",
    "1 split 60:40",
    "2 merged into 1",
    "background predicted as 7",
)


def _metric(name: str, title: str, thresholds: tuple[float, ...], area: str, values: tuple[float, ...]) -> Metric:
    low, high = AREAS[area]
    of = "" if area == "all" else f" of objects of {low:g} to {'any number of' if high == 1e10 else f'{high:g}'} voxels"
    shown = "t = .50, .55, ..., .95" if len(thresholds) > 1 else f"t = {thresholds[0]!r}"
    return Metric(
        id=f"coco.{name}",
        title=f"average precision of COCO, {title}",
        definition=f"area under precision against recall{of}, precision made to fall and read at recall 0, .01, …, 1, "
        f"mean over {shown}; predicted objects in the order of confidence take the unmatched true object of greatest "
        "IoU >= t; label 0 is background; NaN without true objects",
        source=_COCO,
        direction="higher",
        unit="fraction",
        range=FRACTION,
        edge_cases=tuple(zip(_CASES, values, strict=True)),
        function=partial(_of_one, thresholds=thresholds, area=area),
        needs="ranked",
        nan_rule="left out",
    )


NAN = math.nan
_HALF, _THREE_QUARTERS = (0.5,), (0.75,)
METRICS: tuple[Metric, ...] = (
    _metric("ap", "mean over IoU", THRESHOLDS, "all", (NAN, NAN, 0, 1, 0, 0.1, 0.3, 51 / 101 / 10, 1)),
    _metric("ap50", "at IoU .50", _HALF, "all", (NAN, NAN, 0, 1, 0, 1, 1, 51 / 101, 1)),
    _metric("ap75", "at IoU .75", _THREE_QUARTERS, "all", (NAN, NAN, 0, 1, 0, 0, 0, 0, 1)),
    *(
        _metric(f"ap-{area}", f"{area} objects", THRESHOLDS, area, values)
        for area, values in {
            "small": (NAN, NAN, 0, 1, 0, 0.1, 0.3, 51 / 101 / 10, 1),
            "medium": (NAN,) * 9,
            "large": (NAN,) * 9,
        }.items()
    ),
)
