"""Metrics: one pass over a pair of label images, addable counts from it, and every number in every convention."""

from __future__ import annotations

from harness.families import Family
from harness.metrics import (
    aggregated,
    ap,
    centres,
    coco,
    containment,
    cremi,
    ctc,
    detection,
    dice,
    edits,
    errors,
    information,
    maps,
    masks,
    panoptic,
    rand,
    rates,
    runs,
    signal,
    strata,
    video,
)
from harness.metrics.ap import average_precision
from harness.metrics.metric import Metric
from harness.metrics.overlap import OverlapTable, overlap_table
from harness.metrics.pair import Pair
from harness.metrics.surfaces import metrics as surface_metrics

__all__ = ["FAMILIES", "METRICS", "Metric", "OverlapTable", "Pair", "average_precision", "overlap_table"]

METRICS: tuple[Metric, ...] = (
    *ap.METRICS,
    *rand.METRICS,
    *dice.METRICS,
    *information.METRICS,
    *panoptic.METRICS,
    *detection.METRICS,
    *errors.METRICS,
    *edits.METRICS,
    *containment.METRICS,
    *rates.METRICS,
    *aggregated.METRICS,
    *ctc.METRICS,
    *cremi.METRICS,
    *coco.METRICS,
    *strata.METRICS,
    *centres.METRICS,
    *signal.METRICS,
    *maps.METRICS,
    *surface_metrics.METRICS,
    *masks.METRICS,
    *video.METRICS,
    *runs.METRICS,
)
"""Every in-tree metric, in the order in which they are listed."""

FAMILIES: tuple[Family[Metric], ...] = surface_metrics.FAMILIES
"""In-tree metrics whose id holds a number: the families of them."""
