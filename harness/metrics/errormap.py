"""Where a prediction is wrong, voxel by voxel: what agrees, is missed or added, and of which class each object is."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from harness.metrics.classes import ErrorClass, classified
from harness.metrics.matching import matched_pairs
from harness.metrics.pair import Pair

AGREED, MISSED, ADDED, CONFUSED = 1, 2, 3, 4
"""Voxels of matched objects that share them; of true objects only; of predicted objects only; of both, unmatched."""

CLASS_COLOURS: Mapping[ErrorClass, tuple[int, int, int]] = MappingProxyType(
    {
        "correct": (60, 180, 75),
        "missed": (230, 60, 60),
        "spurious": (70, 110, 240),
        "split": (66, 212, 244),
        "merged": (210, 90, 230),
        "split and merged": (130, 60, 160),
        "poor boundary": (250, 200, 60),
    }
)
"""Red, green and blue (0 to 255) of each class, wherever it is shown."""


def error_map(truth: np.ndarray, pred: np.ndarray) -> np.ndarray:
    """Return uint8 of the images' shape: 0 where both are background, else one of the four kinds above.

    Objects match one to one at an intersection over union of one half or more; label 0 is background in both. Raises
    `LabelError` for images that cannot be compared.
    """
    table = Pair(truth, pred).overlap
    objects = table.objects
    chosen = matched_pairs(objects, 2 * objects.counts >= objects.unions)
    partner = np.zeros(table.truth_ids.size, np.uint64)
    partner[objects.rows[chosen]] = table.pred_ids[objects.cols[chosen]]
    expected = partner[np.searchsorted(table.truth_ids, truth.astype(np.uint64))]
    is_true, is_predicted = truth != 0, pred != 0
    errors = np.zeros(truth.shape, np.uint8)
    errors[is_true & ~is_predicted] = MISSED
    errors[~is_true & is_predicted] = ADDED
    both = is_true & is_predicted
    errors[both] = np.where(expected[both] == pred.astype(np.uint64)[both], AGREED, CONFUSED)
    return errors


def class_maps(truth: np.ndarray, pred: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return two uint8 images of the images' shape: the class of the true object, and of the predicted one, of a voxel.

    0 is background, else one more than the index into `harness.metrics.classes.CLASSES`, where the rule stands. Raises
    `LabelError` for images that cannot be compared.
    """
    table = Pair(truth, pred).overlap
    classes = classified(table)
    sides = (
        (truth, table.truth_ids, table.first_truth, classes.truth),
        (pred, table.pred_ids, table.first_pred, classes.pred),
    )
    true, predicted = (
        np.concatenate([np.zeros(first, np.uint8), own.astype(np.uint8) + np.uint8(1)])[
            np.searchsorted(ids, image.astype(np.uint64))
        ]
        for image, ids, first, own in sides
    )
    return true, predicted


def class_map(truth: np.ndarray, pred: np.ndarray) -> np.ndarray:
    """Return one such image: the class of the true object where there is one, else of the predicted one."""
    true, predicted = class_maps(truth, pred)
    return np.where(true > 0, true, predicted)
