"""How many operations of proofreading a segmentation needs: merges of two objects into one, splits of one into two.

The rule. Object a *belongs to* object b of the other image if b holds more than half of a's voxels (the rule of
`harness.metrics.classes`). Objects that belong to each other, whichever way round, form groups; in a group of p
predicted and t true objects p - 1 merges and t - 1 splits turn the former into the latter, and no fewer do: in the
lattice of partitions the shortest way from one to another leads over their join (Monjardet 1981,
doi:10.1016/0012-365X(81)90209-X). A split may cut anywhere, as a proofreader's seeds do. What an operation moves at
the boundary, slivers below one half, is no operation here; objects of one image that belong to nothing are drawn or
deleted, not merged or split, and are counted by `errors.missed` and `errors.spurious`.

Groups are trees (an object that belongs to another one is the smaller of the two, unless they belong to each other),
so that a group of p + t objects has p + t - 1 pairs, and the numbers follow from sums that add up over images.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from harness.metrics.cases import USUAL
from harness.metrics.counts import Counts, number
from harness.metrics.metric import UNBOUNDED, Metric
from harness.metrics.overlap import OverlapTable


def edit_counts(table: OverlapTable) -> Counts:
    """Count the pairs of objects that belong to each other, and the objects of both images that stand in one."""
    pairs = table.objects
    belongs = (2 * pairs.counts > table.truth_sizes[pairs.rows]) | (2 * pairs.counts > table.pred_sizes[pairs.cols])
    return {
        "edit.pairs": int(np.count_nonzero(belongs)),
        "edit.truth": int(np.unique(pairs.rows[belongs]).size),
        "edit.pred": int(np.unique(pairs.cols[belongs]).size),
    }


def merges(counts: Counts) -> float:
    """Return the least number of merges: over groups, predicted objects less one."""
    return float(number(counts, "edit.pairs") - number(counts, "edit.truth"))


def splits(counts: Counts) -> float:
    """Return the least number of splits: over groups, true objects less one."""
    return float(number(counts, "edit.pairs") - number(counts, "edit.pred"))


def _metric(name: str, rule: str, value: Callable[[Counts], float], expected: tuple[float, ...]) -> Metric:
    return Metric(
        id=f"edit.{name}",
        title=f"least number of {name} that proofreading needs",
        definition=f"{rule}; a belongs to b if b holds more than half of a's voxels, groups are what belongs together, "
        "label 0 is background",
        source="distance in the lattice of partitions, Monjardet 1981, doi:10.1016/0012-365X(81)90209-X; "
        "the operations are those of PlantSeg's proofreading, Wolny et al. 2020, doi:10.7554/eLife.57613",
        direction="lower",
        unit="count",
        range=UNBOUNDED,
        edge_cases=tuple(zip(USUAL, expected, strict=True)),
        counts=edit_counts,
        value=value,
        nan_rule="never",
    )


METRICS: tuple[Metric, ...] = (
    _metric("merges", "sum over groups of predicted objects less one", merges, (0, 0, 0, 0, 0, 0, 1, 0, 1, 0)),
    _metric("splits", "sum over groups of true objects less one", splits, (0, 0, 0, 0, 0, 0, 0, 1, 0, 0)),
)
