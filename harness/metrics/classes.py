"""What became of every object: one class each, from the overlap table alone, by one rule that has no parameter.

The rule. Object a *lies in* object b of the other image if b holds more than half of a's voxels; so a lies in at most
one. Two objects *match* if their intersection over union is above one half; then each lies in the other, and neither
matches anything else. All comparisons are of whole numbers, exact. Label 0 is background and no object.

Of a truth object t, in this order:

    correct           t matches a prediction; `f1.50` counts the same objects as found
    split and merged  both of the next two
    split             two predictions or more lie in t
    merged            t lies in a prediction in which another truth object lies as well
    poor boundary     none of these, but t lies in a prediction, or one in t: the same object, drawn otherwise
    missed            t lies in no prediction, and none in t

Of a predicted object p, seen from the other side:

    correct           p matches a truth object
    split and merged  both of the next two
    merged            two truth objects or more lie in p
    split             p lies in a truth object in which another prediction lies as well
    poor boundary     none of these, but p lies in a truth object, or one in p
    spurious          p lies in no truth object, and none in p

So every object has one class; with truth and prediction exchanged, missed and spurious change places, and so do split
and merged. What cuts or joins an object that matches all the same (60 : 40) has the class that says so, while the
object is correct: the error is that of the smaller part.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np

from harness.metrics.overlap import OverlapTable

ErrorClass = Literal["correct", "missed", "spurious", "split", "merged", "split and merged", "poor boundary"]
CLASSES: tuple[ErrorClass, ...] = (
    "correct", "missed", "spurious", "split", "merged", "split and merged", "poor boundary"
)  # fmt: skip
CORRECT, MISSED, SPURIOUS, SPLIT, MERGED, SPLIT_AND_MERGED, POOR_BOUNDARY = range(7)
"""Indices into `CLASSES`; the compiled loop has the same."""


class Classified(NamedTuple):
    """Classes of the truth objects, (n_truth,), and of the predicted ones, (n_pred,): int8 indices into `CLASSES`.

    The order is that of the table's ids without label 0.
    """

    truth: np.ndarray
    pred: np.ndarray


def classified(table: OverlapTable) -> Classified:
    """Return the class of every object; the work grows with the number of overlapping pairs."""
    from harness.metrics.classes_kernel import UNKNOWN, classify

    truth, pred = (np.full(ids.size, UNKNOWN, np.int8) for ids in (table.truth_ids, table.pred_ids))
    classify(
        table.rows,
        table.cols,
        table.counts,
        table.truth_sizes,
        table.pred_sizes,
        table.first_truth,
        table.first_pred,
        truth,
        pred,
    )
    return Classified(truth[table.first_truth :], pred[table.first_pred :])
