"""Panoptic quality of one class and its two factors: how well matched objects fit, and how many are matched.

Objects match when IoU > 0.5 (exactly compared), so partners are unique; label 0 is background and no object. Both
images empty score 1, one empty scores 0; without any match all three are 0.
"""

from __future__ import annotations

from harness.metrics.counts import Counts, number
from harness.metrics.matching import object_counts
from harness.metrics.metric import FRACTION, Metric

_KIRILLOV = "Kirillov et al. 2019, doi:10.1109/CVPR.2019.00963"


def panoptic_quality(counts: Counts) -> float:
    """Return the sum of matched IoU over TP + FP / 2 + FN / 2."""
    objects = _objects(counts)
    return 2 * number(counts, "match.50.iou") / objects if objects else 1.0


def segmentation_quality(counts: Counts) -> float:
    """Return the mean IoU of matched objects."""
    if not _objects(counts):
        return 1.0
    matches = number(counts, "match.50")
    return number(counts, "match.50.iou") / matches if matches else 0.0


def recognition_quality(counts: Counts) -> float:
    """Return TP / (TP + FP / 2 + FN / 2), the F1 score."""
    objects = _objects(counts)
    return 2 * number(counts, "match.50") / objects if objects else 1.0


def _objects(counts: Counts) -> float:
    return number(counts, "objects.truth") + number(counts, "objects.pred")


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
        counts=object_counts,
        value=panoptic_quality,
        nan_rule="never",
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
        counts=object_counts,
        value=segmentation_quality,
        nan_rule="never",
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
        counts=object_counts,
        value=recognition_quality,
        nan_rule="never",
    ),
)
