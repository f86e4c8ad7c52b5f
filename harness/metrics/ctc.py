"""SEG and DET of the Cell Tracking Challenge, of single frames; a pooled set of frames is what the challenge reports.

A predicted object is the partner of a true one when it covers more than half of it, so that a true object has at most
one partner, and a predicted one may have several. SEG is the mean over true objects of the IoU with the partner, 0
without one. DET counts what it takes to mend the objects: DET = 1 - min(A, A0) / A0 with A = 5 splits + 10 missed + 1
spurious and A0 = 10 true objects; a predicted object that is the partner of k true ones takes k - 1 splits.

Both are NaN without true objects; py-ctcmetrics calls SEG 0 there and divides by 0 for DET.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from harness.metrics.counts import Counts, number
from harness.metrics.metric import FRACTION, Metric
from harness.metrics.overlap import OverlapTable

_MASKA = "Maska et al. 2014, doi:10.1093/bioinformatics/btu080"
_MATULA = "Matula et al. 2015, doi:10.1371/journal.pone.0144959"
SPLIT, MISSED, SPURIOUS = 5, 10, 1
"""What an operation costs in DET."""


def tracking_counts(table: OverlapTable) -> Counts:
    """Count objects, partners and what it takes to mend the objects.

    ctc.found      true objects with a partner
    ctc.iou        the sum of their IoU
    ctc.split      partners too few: true objects with a partner that another one has too, less one each
    ctc.spurious   predicted objects that are nobody's partner
    """
    pairs = table.objects
    hits = 2 * pairs.counts > table.truth_sizes[pairs.rows]
    found, partners = int(hits.sum()), np.unique(pairs.cols[hits]).size
    return {
        "objects.truth": table.n_truth,
        "ctc.found": found,
        "ctc.iou": math.fsum(pairs.iou[hits].tolist()),
        "ctc.split": found - partners,
        "ctc.spurious": table.n_pred - partners,
    }


def segmentation(counts: Counts) -> float:
    """Return SEG: the mean over true objects of the IoU with their partner."""
    objects = number(counts, "objects.truth")
    return number(counts, "ctc.iou") / objects if objects else math.nan


def detection(counts: Counts) -> float:
    """Return DET: one less the cost of mending over that of drawing every object."""
    objects = number(counts, "objects.truth")
    if not objects:
        return math.nan
    missed = objects - number(counts, "ctc.found")
    cost = SPLIT * number(counts, "ctc.split") + MISSED * missed + SPURIOUS * number(counts, "ctc.spurious")
    return 1 - min(cost, MISSED * objects) / (MISSED * objects)


def _metric(
    name: str,
    title: str,
    definition: str,
    source: str,
    value: Callable[[Counts], float],
    values: tuple[float, ...],
) -> Metric:
    cases = ("both empty", "truth empty, 2 predicted", "truth of 2, prediction empty", "identical", "disjoint")
    return Metric(
        id=f"ctc.{name}",
        title=title,
        definition=f"{definition}; partner: covers more than half of the true object; label 0 is background; NaN "
        "without true objects",
        source=source,
        direction="higher",
        unit="fraction",
        range=FRACTION,
        edge_cases=(
            *zip(cases, (math.nan, math.nan, 0.0, 1.0, 0.0), strict=True),
            *zip(
                (
                    "half missed, IoU exactly .5",
                    "1 split 60:40",
                    "2 merged into 1",
                    "1 in two far parts, predicted as 2",
                    "background predicted as 7",
                ),
                values,
                strict=True,
            ),
        ),
        counts=tracking_counts,
        value=value,
        sparse="sparse safe" if name == "seg" else "dense only",
    )


METRICS: tuple[Metric, ...] = (
    _metric(
        "seg",
        "SEG of the Cell Tracking Challenge",
        "mean over true objects of the IoU with the partner, 0 without one",
        f"{_MASKA}; py-ctcmetrics seg",
        segmentation,
        (0.0, 0.6, 0.5, 0.0, 1.0),
    ),
    _metric(
        "det",
        "DET of the Cell Tracking Challenge",
        "1 - min(A, A0) / A0, A = 5 splits + 10 missed + 1 spurious, A0 = 10 true objects",
        f"{_MATULA}; py-ctcmetrics det",
        detection,
        (0.0, 0.9, 0.75, 0.0, 0.95),
    ),
)
