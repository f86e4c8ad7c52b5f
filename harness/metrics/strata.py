"""Recall of objects by their size: the quarters of the true objects of an image.

The 25th, 50th and 75th percentile of the sizes of true objects (linear between neighbours) divide them; an object
lies in the quarter 1 + the number of percentiles that are less than its size, so that objects of one size lie
together and a quarter may be empty. Pooled, each object stays in the quarter of its own image.
"""

from __future__ import annotations

import math
from functools import partial

import numpy as np

from harness.metrics.counts import Counts, series
from harness.metrics.metric import FRACTION, Metric
from harness.metrics.overlap import OverlapTable

_DSB = "Caicedo et al. 2019, doi:10.1038/s41592-019-0612-7"
QUARTERS = (1, 2, 3, 4)


def quarter_counts(table: OverlapTable) -> Counts:
    """Count true objects, and those matched at an IoU above one half, in each quarter of sizes."""
    sizes = table.truth_sizes[table.first_truth :]
    if not sizes.size:
        return {"quarter.objects": (0, 0, 0, 0), "quarter.match.50": (0, 0, 0, 0)}
    quarter = np.searchsorted(np.percentile(sizes, (25, 50, 75)), sizes, side="left")
    pairs = table.objects.candidates(0.5)
    found = pairs.rows[2 * pairs.counts > pairs.unions] - table.first_truth
    return {
        "quarter.objects": tuple(np.bincount(quarter, minlength=4).tolist()),
        "quarter.match.50": tuple(np.bincount(quarter[found], minlength=4).tolist()),
    }


def quarter_recall(counts: Counts, quarter: int) -> float:
    """Return the share of the true objects of a quarter (1 to 4) that are matched; NaN if it has none."""
    objects = series(counts, "quarter.objects")[quarter - 1]
    return series(counts, "quarter.match.50")[quarter - 1] / objects if objects else math.nan


def _metric(quarter: int) -> Metric:
    end = quarter in (1, 4)
    lone = 1.0 if quarter == 1 else math.nan
    return Metric(
        id=f"recall.50.quarter-{quarter}",
        title=f"recall at IoU .50 of true objects in quarter {quarter} of sizes",
        definition="matched true objects / true objects of the quarter, 1 the smallest; quarters by the 25th, 50th and "
        "75th percentile of the image's true sizes, a size equal to one lies below it; match: IoU > .5, label 0 is "
        "background; NaN for a quarter without objects",
        source=_DSB,
        direction="higher",
        unit="fraction",
        range=FRACTION,
        edge_cases=(
            ("both empty", math.nan),
            ("truth empty, 2 predicted", math.nan),
            ("truth of 2, prediction empty", 0.0 if end else math.nan),
            ("identical", 1.0 if end else math.nan),
            ("disjoint", 0.0 if quarter == 1 else math.nan),
            ("half missed, IoU exactly .5", 0.0 if quarter == 1 else math.nan),
            ("1 split 60:40", lone),
            ("background predicted as 7", 1.0 if end else math.nan),
        ),
        counts=quarter_counts,
        value=partial(quarter_recall, quarter=quarter),
        sparse="sparse safe",
        nan_rule="left out",
    )


METRICS: tuple[Metric, ...] = tuple(map(_metric, QUARTERS))
