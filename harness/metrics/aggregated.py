"""Aggregated Jaccard index and ensemble Dice: overlaps summed over objects before they are divided.

AJI = shared voxels of partners / (union of partners + objects without a partner). Evaluators choose partners
differently:

|                 | partner of a truth object                                    | both empty | one empty |
|-----------------|--------------------------------------------------------------|------------|-----------|
| kumar           | of greatest IoU, the least label among equals; may be shared | NaN        | 0         |
| plus            | one to one, the greatest sum of IoU                          | NaN        | 0         |
| cellpose        | one to one, most pairs of IoU ≥ .5, then greatest sum of IoU | NaN        | 0         |
| cellseg-metrics | of greatest overlap, all that have it; may be shared         | 0          | 0         |

"cellpose" divides by the voxels that are foreground on either side, the others by unions and objects one by one, in
which a voxel may count twice.

Dice2 = 2 · shared / (sizes of both), each summed over every overlapping pair of objects; objects that overlap nothing
do not count. "hovernet" is NaN where no objects overlap, "cellseg-metrics" 0.
"""

from __future__ import annotations

import math
from functools import partial

import numpy as np

from harness.metrics.counts import Counts, number
from harness.metrics.matching import heaviest_pairs
from harness.metrics.metric import FRACTION, Metric
from harness.metrics.overlap import OverlapTable

_KUMAR = "Kumar et al. 2017, doi:10.1109/TMI.2017.2677499"
_HOVERNET = "Graham et al. 2019, doi:10.1016/j.media.2019.101563"
_VU = "Vu et al. 2019, doi:10.3389/fbioe.2019.00053"


def jaccard_counts(table: OverlapTable) -> Counts:
    """Count, by convention, the voxels that partners share ("aji.<name>.shared") and what they are divided by."""
    pairs = table.objects
    counts: dict[str, int] = {}
    for name, chosen in (("kumar", _best_iou(table)), ("plus", heaviest_pairs(pairs, pairs.iou))):
        counts |= _shared_and_union(table, name, chosen)
    chosen = heaviest_pairs(pairs, _most_halves(table))
    counts["aji.cellpose.shared"] = int(pairs.counts[chosen].sum())
    counts["aji.cellpose.union"] = _foreground(table)
    return counts | _shared_and_union(table, "cellseg-metrics", _greatest_overlaps(table))


def _best_iou(table: OverlapTable) -> np.ndarray:
    """Return the index of each truth object's pair of greatest IoU; of equals the first, that of the least label."""
    pairs = table.objects
    order = np.argsort(-pairs.iou, kind="stable")
    return np.sort(order[np.unique(pairs.rows[order], return_index=True)[1]])


def _most_halves(table: OverlapTable) -> np.ndarray:
    """Return weights of pairs of which one IoU of a half outweighs all that the sum of IoU can differ by."""
    pairs = table.objects
    weights: np.ndarray = (pairs.iou >= 0.5) + pairs.iou / (2 * max(min(table.n_truth, table.n_pred), 1))
    return weights


def _greatest_overlaps(table: OverlapTable) -> np.ndarray:
    """Return the indices of all pairs whose overlap is the greatest of their truth object."""
    pairs = table.objects
    most = np.zeros(table.truth_ids.size, np.int64)
    np.maximum.at(most, pairs.rows, pairs.counts)
    return np.flatnonzero(pairs.counts == most[pairs.rows])


def _shared_and_union(table: OverlapTable, name: str, chosen: np.ndarray) -> dict[str, int]:
    pairs = table.objects
    union = int(pairs.unions[chosen].sum())
    for sizes, first, partners in (
        (table.truth_sizes, table.first_truth, pairs.rows[chosen]),
        (table.pred_sizes, table.first_pred, pairs.cols[chosen]),
    ):
        is_alone = np.ones(sizes.size, bool)
        is_alone[partners] = False
        is_alone[:first] = False
        union += int(sizes[is_alone].sum())
    return {f"aji.{name}.shared": int(pairs.counts[chosen].sum()), f"aji.{name}.union": union}


def _foreground(table: OverlapTable) -> int:
    """Return how many voxels are an object of the truth, of the prediction, or of both."""
    is_background = (table.rows < table.first_truth) & (table.cols < table.first_pred)
    return table.voxels - int(table.counts[is_background].sum())


def dice_counts(table: OverlapTable) -> Counts:
    """Count, over every overlapping pair of objects, the voxels that they share and those of both."""
    pairs = table.objects
    both = table.truth_sizes[pairs.rows] + table.pred_sizes[pairs.cols]
    return {"dice2.shared": int(pairs.counts.sum()), "dice2.both": int(both.sum())}


def aggregated_jaccard(counts: Counts, name: str, *, both_empty: float) -> float:
    """Return shared voxels over the union of a convention."""
    union = number(counts, f"aji.{name}.union")
    return number(counts, f"aji.{name}.shared") / union if union else both_empty


def ensemble_dice(counts: Counts, *, no_overlap: float) -> float:
    """Return twice the shared voxels of overlapping pairs over their sizes."""
    both = number(counts, "dice2.both")
    return 2 * number(counts, "dice2.shared") / both if both else no_overlap


def _jaccard(
    name: str, title: str, partners: str, source: str, *, both_empty: float, split: float, merged: float
) -> Metric:
    shown = "NaN" if math.isnan(both_empty) else "0"
    divisor = (
        "voxels of objects on either side"
        if name == "cellpose"
        else "their unions and the objects of both sides that are nobody's partner"
    )
    return Metric(
        id=f"aji.{name}",
        title=title,
        definition=f"voxels shared by partners / {divisor}, summed; partners: {partners}; label 0 is background; both "
        f"empty {shown}, one empty 0",
        source=source,
        direction="higher",
        unit="fraction",
        range=FRACTION,
        edge_cases=(
            ("both empty", both_empty),
            ("truth empty, 2 predicted", 0.0),
            ("truth of 2, prediction empty", 0.0),
            ("identical", 1.0),
            ("disjoint", 0.0),
            ("half missed, IoU exactly .5", 0.5),
            ("1 split 60:40", split),
            ("2 merged into 1", merged),
            ("background predicted as 7", 136 / 400),
            ("ids 10, 20 predicted as 1000, 2000", 1.0),
        ),
        counts=jaccard_counts,
        value=partial(aggregated_jaccard, name=name, both_empty=both_empty),
        nan_rule="spreads" if math.isnan(both_empty) else "never",
    )


def _dice(name: str, source: str, *, no_overlap: float) -> Metric:
    shown = "NaN" if math.isnan(no_overlap) else "0"
    return Metric(
        id=f"dice2.{name}",
        title=f"ensemble Dice, Dice2 ({name})",
        definition="2 |A and B| / (|A| + |B|), both summed over every overlapping pair of true and predicted object; "
        f"label 0 is background; {shown} without one",
        source=source,
        direction="higher",
        unit="fraction",
        range=FRACTION,
        edge_cases=(
            ("both empty", no_overlap),
            ("truth empty, 2 predicted", no_overlap),
            ("truth of 2, prediction empty", no_overlap),
            ("identical", 1.0),
            ("disjoint", no_overlap),
            ("half missed, IoU exactly .5", 2 / 3),
            ("1 split 60:40", 200 / 300),
            ("2 merged into 1", 400 / 600),
            ("background predicted as 7", 1.0),
        ),
        counts=dice_counts,
        value=partial(ensemble_dice, no_overlap=no_overlap),
        nan_rule="spreads" if math.isnan(no_overlap) else "never",
    )


METRICS: tuple[Metric, ...] = (
    _jaccard(
        "kumar",
        "aggregated Jaccard index",
        "for each true object the predicted one of greatest IoU, which may serve several",
        f"{_KUMAR}; HoVer-Net get_fast_aji ({_HOVERNET})",
        both_empty=math.nan,
        split=60 / 140,
        merged=200 / 400,
    ),
    _jaccard(
        "plus",
        "aggregated Jaccard index with unique partners (AJI+)",
        "one to one, the greatest sum of IoU",
        f"HoVer-Net get_fast_aji_plus ({_HOVERNET})",
        both_empty=math.nan,
        split=60 / 140,
        merged=100 / 300,
    ),
    _jaccard(
        "cellpose",
        "aggregated Jaccard index (cellpose)",
        "one to one, the most pairs of IoU >= .5, then the greatest sum of IoU",
        "cellpose metrics.aggregated_jaccard_index, doi:10.1038/s41592-020-01018-x",
        both_empty=math.nan,
        split=60 / 100,
        merged=100 / 200,
    ),
    _jaccard(
        "cellseg-metrics",
        "aggregated Jaccard index (cellseg-metrics)",
        "for each true object the predicted one of greatest overlap, and all that overlap as much",
        f"cellseg_metrics.aggregated_jaccard_index; {_KUMAR}",
        both_empty=0.0,
        split=60 / 140,
        merged=200 / 400,
    ),
    _dice("hovernet", f"{_VU}; HoVer-Net get_dice_2 ({_HOVERNET})", no_overlap=math.nan),
    _dice("cellseg-metrics", f"{_VU}; cellseg_metrics.dice2", no_overlap=0.0),
)
