"""How sure a method is of each object that it predicts, beside the overlap table: what ranked metrics read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from harness.errors import LabelError, nearest
from harness.metrics.overlap import OverlapTable


@dataclass(frozen=True, eq=False, slots=True)
class Ranked:
    """An overlap table and how sure a method is of each predicted object.

    confidences  (q,) float64, along the table's predicted objects (labels but 0, ascending); greater is surer
    """

    table: OverlapTable
    confidences: np.ndarray


def ranked(table: OverlapTable, confidences: Mapping[int, float] | None, predicted: np.ndarray) -> Ranked:
    """Return a table with the confidences of its predicted objects.

    `predicted`, (n,) ascending, are all labels of the prediction: those that the table leaves out may have one too.

    Raises `LabelError` without confidences, for labels that are absent from either side, and for a value that is no
    finite number.
    """
    if confidences is None:
        raise LabelError("the method gives no confidences of its objects; accepted: one per predicted label")
    labels = [int(label) for label in table.pred_ids[table.first_pred :]]
    given = {int(label): float(value) for label, value in confidences.items()}
    known = [int(label) for label in predicted if label]
    if unknown := sorted(set(given) - set(known)):
        raise LabelError(
            f"a confidence is given for label {unknown[0]}, which is not in the prediction ({len(unknown)} such)"
            f"{nearest(str(unknown[0]), [str(label) for label in known])}"
        )
    if absent := sorted(set(labels) - set(given)):
        raise LabelError(f"the predicted object {absent[0]} has no confidence ({len(absent)} such); accepted: one each")
    values = np.array([given[label] for label in labels])
    if not np.isfinite(values).all():
        label = labels[int(np.flatnonzero(~np.isfinite(values))[0])]
        raise LabelError(f"the confidence of object {label} is {given[label]}; accepted: finite numbers")
    return Ranked(table, values)
