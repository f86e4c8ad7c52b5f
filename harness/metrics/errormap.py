"""Where a prediction is wrong, voxel by voxel: what agrees, what is missed, added, or given to another object."""

from __future__ import annotations

import numpy as np

from harness.metrics.matching import matched_pairs
from harness.metrics.pair import Pair

AGREED, MISSED, ADDED, CONFUSED = 1, 2, 3, 4
"""Voxels of matched objects that share them; of true objects only; of predicted objects only; of both, unmatched."""


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
