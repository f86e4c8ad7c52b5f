"""The compiled loop behind the classes of objects: twice over the pairs, once over the objects.

Importing this module imports numba, so only the function that classifies imports it.
"""

from __future__ import annotations

import numpy as np

from harness.compiling import compiled

CORRECT, MISSED, SPURIOUS, SPLIT, MERGED, SPLIT_AND_MERGED, POOR_BOUNDARY = range(7)
"""Indices into `harness.metrics.classes.CLASSES`."""
UNKNOWN = -1
SEVERAL = 2
"""Two objects or more: no class asks how many."""


@compiled
def _class_of(alone: int, cut: int, joined: int) -> int:
    """Return the class of an object that matches nothing; the numbers are 0, 1 or `SEVERAL`.

    alone   its class if nothing lies in it and it lies in nothing
    cut     predictions that lie in the truth object, the object itself or the one around it
    joined  truth objects that lie in the prediction, the object itself or the one around it
    """
    if cut == SEVERAL:
        return SPLIT_AND_MERGED if joined == SEVERAL else SPLIT
    if joined == SEVERAL:
        return MERGED
    return POOR_BOUNDARY if cut or joined else alone


@compiled
def classify(
    rows: np.ndarray,
    cols: np.ndarray,
    counts: np.ndarray,
    truth_sizes: np.ndarray,
    pred_sizes: np.ndarray,
    first_truth: int,
    first_pred: int,
    truth: np.ndarray,
    pred: np.ndarray,
) -> None:
    """Write the class of every object into `truth` and `pred`, (t,) and (q,) int8, all `UNKNOWN` before.

    The others are an overlap table's pairs and sizes, and the indices of its first objects; what lies before these is
    background and left as it is.
    """
    within_truth, around_truth = np.zeros(truth.size, np.int8), np.zeros(truth.size, np.int8)
    within_pred, around_pred = np.zeros(pred.size, np.int8), np.zeros(pred.size, np.int8)
    for pair in range(rows.size):
        row, col, twice = rows[pair], cols[pair], 2 * counts[pair]
        if row >= first_truth and col >= first_pred:
            if twice > pred_sizes[col]:
                within_truth[row] = min(within_truth[row] + 1, SEVERAL)
            if twice > truth_sizes[row]:
                within_pred[col] = min(within_pred[col] + 1, SEVERAL)
    for pair in range(rows.size):
        row, col, twice = rows[pair], cols[pair], 2 * counts[pair]
        if row >= first_truth and col >= first_pred:
            if twice > pred_sizes[col]:
                around_pred[col] = within_truth[row]
            if twice > truth_sizes[row]:
                around_truth[row] = within_pred[col]
            if twice > truth_sizes[row] + pred_sizes[col] - counts[pair]:
                truth[row] = pred[col] = CORRECT
    for row in range(first_truth, truth.size):
        if truth[row] == UNKNOWN:
            truth[row] = _class_of(MISSED, within_truth[row], around_truth[row])
    for col in range(first_pred, pred.size):
        if pred[col] == UNKNOWN:
            pred[col] = _class_of(SPURIOUS, around_pred[col], within_pred[col])
