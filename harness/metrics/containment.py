"""What contains what: nuclei as the truth, cells as the prediction, and how many of either break the rule of one each.

A nucleus *lies in* the cell that holds more than half of its voxels (the rule of `harness.metrics.classes`), so in at
most one. All comparisons are of whole numbers. Where there are cells without a nucleus in the image, or nuclei outside
of all cells, the counts say so; neither is an error of a method by itself.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from harness.metrics.cases import USUAL
from harness.metrics.counts import Counts, number
from harness.metrics.metric import UNBOUNDED, Metric
from harness.metrics.overlap import OverlapTable


def containment_counts(table: OverlapTable) -> Counts:
    """Count cells (predicted objects) by the nuclei (true objects) that lie in them, and nuclei that lie in none."""
    pairs = table.objects
    inside = 2 * pairs.counts > table.truth_sizes[pairs.rows]
    nuclei_of_cell = np.bincount(pairs.cols[inside] - table.first_pred, minlength=table.n_pred)
    touched = np.unique(pairs.rows).size
    return {
        "contain.empty": int(np.count_nonzero(nuclei_of_cell == 0)),
        "contain.several": int(np.count_nonzero(nuclei_of_cell > 1)),
        "contain.cut": int(touched - np.count_nonzero(inside)),
        "contain.outside": int(table.n_truth - touched),
    }


def _value(name: str) -> Callable[[Counts], float]:
    return lambda counts: float(number(counts, f"contain.{name}"))


def _metric(name: str, title: str, expected: tuple[float, ...]) -> Metric:
    return Metric(
        id=f"contain.{name}",
        title=title,
        definition=f"number of {title}: true objects are nuclei, predicted ones cells; a nucleus lies in the cell that "
        "holds more than half of its voxels; label 0 is background",
        source="rule of this project; cells and nuclei of one tissue, Vijayan et al. 2024, doi:10.1242/dev.202800",
        direction="lower",
        unit="count",
        range=UNBOUNDED,
        edge_cases=tuple(zip(USUAL, expected, strict=True)),
        counts=containment_counts,
        value=_value(name),
        nan_rule="never",
    )


METRICS: tuple[Metric, ...] = (
    _metric("empty", "cells in which no nucleus lies", (0, 2, 0, 0, 1, 1, 1, 0, 2, 1)),
    _metric("several", "cells in which two nuclei or more lie", (0, 0, 0, 0, 0, 0, 0, 1, 0, 0)),
    _metric(
        "cut", "nuclei that touch cells and lie in none of them: cut, or mostly outside", (0, 0, 0, 0, 0, 1, 0, 0, 1, 0)
    ),
    _metric("outside", "nuclei that touch no cell", (0, 0, 2, 0, 1, 0, 0, 0, 0, 0)),
)
