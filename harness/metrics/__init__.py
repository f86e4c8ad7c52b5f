"""Metrics: one overlap table per pair of label images, and every number in every convention computed from it."""

from __future__ import annotations

from harness.metrics import ap, detection, dice, information, panoptic, rand
from harness.metrics.ap import average_precision
from harness.metrics.metric import Metric
from harness.metrics.overlap import OverlapTable, overlap_table

__all__ = ["METRICS", "Metric", "OverlapTable", "average_precision", "overlap_table"]

METRICS: tuple[Metric, ...] = (
    *ap.METRICS,
    *rand.METRICS,
    *dice.METRICS,
    *information.METRICS,
    *panoptic.METRICS,
    *detection.METRICS,
)
"""Every in-tree metric, in the order in which they are listed."""
