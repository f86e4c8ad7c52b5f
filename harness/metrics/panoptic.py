"""Panoptic quality of one class and its two factors: how well matched objects fit, and how many are matched.

Objects match when IoU > 0.5 (exactly compared), so partners are unique; label 0 is background and no object. Both
images empty score 1, one empty scores 0; without any match all three are 0.
"""

from __future__ import annotations

import math

from harness.metrics.metric import FRACTION, Metric
from harness.metrics.overlap import OverlapTable

_KIRILLOV = "Kirillov et al. 2019, doi:10.1109/CVPR.2019.00963"


def panoptic_quality(table: OverlapTable) -> float:
    """Return the sum of matched IoU over TP + FP / 2 + FN / 2."""
    if table.n_truth == table.n_pred == 0:
        return 1.0
    iou_sum, _ = _matches(table)
    return 2 * iou_sum / (table.n_truth + table.n_pred)


def segmentation_quality(table: OverlapTable) -> float:
    """Return the mean IoU of matched objects."""
    if table.n_truth == table.n_pred == 0:
        return 1.0
    iou_sum, matches = _matches(table)
    return iou_sum / matches if matches else 0.0


def recognition_quality(table: OverlapTable) -> float:
    """Return TP / (TP + FP / 2 + FN / 2), the F1 score."""
    if table.n_truth == table.n_pred == 0:
        return 1.0
    _, matches = _matches(table)
    return 2 * matches / (table.n_truth + table.n_pred)


def _matches(table: OverlapTable) -> tuple[float, int]:
    """Return the sum of IoU over matched pairs and their number."""
    pairs = table.objects.candidates(0.5)
    iou = pairs.iou[2 * pairs.counts > pairs.unions]
    return math.fsum(iou.tolist()), iou.size


METRICS: tuple[Metric, ...] = (
    Metric(
        id="pq",
        title="panoptic quality",
        definition="sum of IoU of matched objects / (TP + FP/2 + FN/2), match: IoU > .5; both empty 1, one empty 0",
        source=_KIRILLOV,
        direction="higher",
        unit="fraction",
        range=FRACTION,
        edge_cases=(
            ("both empty", 1.0),
            ("truth empty, 2 predicted", 0.0),
            ("truth of 2, prediction empty", 0.0),
            ("identical", 1.0),
            ("disjoint", 0.0),
            ("half missed, IoU exactly .5", 0.0),
            ("1 split 60:40", 0.4),
            ("2 merged into 1", 0.0),
            ("background predicted as 7", 0.8),
        ),
        function=panoptic_quality,
    ),
    Metric(
        id="sq",
        title="segmentation quality",
        definition="mean IoU of matched objects, match: IoU > .5; both empty 1, no match 0",
        source=_KIRILLOV,
        direction="higher",
        unit="fraction",
        range=FRACTION,
        edge_cases=(
            ("both empty", 1.0),
            ("truth empty, 2 predicted", 0.0),
            ("truth of 2, prediction empty", 0.0),
            ("identical", 1.0),
            ("half missed, IoU exactly .5", 0.0),
            ("1 split 60:40", 0.6),
            ("background predicted as 7", 1.0),
        ),
        function=segmentation_quality,
    ),
    Metric(
        id="rq",
        title="recognition quality",
        definition="TP / (TP + FP/2 + FN/2), match: IoU > .5; both empty 1, one empty 0",
        source=_KIRILLOV,
        direction="higher",
        unit="fraction",
        range=FRACTION,
        edge_cases=(
            ("both empty", 1.0),
            ("truth empty, 2 predicted", 0.0),
            ("truth of 2, prediction empty", 0.0),
            ("identical", 1.0),
            ("half missed, IoU exactly .5", 0.0),
            ("1 split 60:40", 0.6667),
            ("background predicted as 7", 0.8),
        ),
        function=recognition_quality,
    ),
)
