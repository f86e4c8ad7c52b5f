"""The object table: what became of each object of a pair, with its place, its best partner and its share of the VOI."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.metrics.classes import classified
from harness.metrics.geometry import Geometry, PairGeometry
from harness.metrics.overlap import OverlapTable


@dataclass(frozen=True, slots=True, eq=False)
class ObjectRows:
    """The objects of one image, one row each, ascending by label; label 0 is background and no object.

    place                  labels, voxels, bounding box, centroid, border
    classes                (n,) int8: index into `harness.metrics.classes.CLASSES`, where the rule stands
    partner                (n,) uint64: the object of the other image with the largest intersection over union, of equal
                           ones that with the smallest label; 0 where the object overlaps none
    iou, iot, iop          (n,) float64: intersection with the partner over the union, over the truth object, over the
                           predicted one; 0 without a partner
    voi_split, voi_merge   (n,) float64, bits: what the object's voxels add to `voi.split` and `voi.merge`
    """

    place: Geometry
    classes: np.ndarray
    partner: np.ndarray
    iou: np.ndarray
    iot: np.ndarray
    iop: np.ndarray
    voi_split: np.ndarray
    voi_merge: np.ndarray


@dataclass(frozen=True, slots=True, eq=False)
class ObjectTable:
    """The objects of a truth and of a prediction.

    A voxel of labels (t, p) adds log2(|t| / n) / N to `voi.split` and log2(|p| / n) / N to `voi.merge`, where n of all
    N voxels have that pair of labels. An object's share is the sum over its voxels: over the truth objects and the
    background of the truth the shares add up to the metric, and over those of the prediction as well. A truth object's
    `voi_split` is what funlib.evaluate calls split_i, a prediction's `voi_merge` merge_j (there over the voxels where
    the truth is not 0 alone).
    """

    truth: ObjectRows
    pred: ObjectRows


def object_table_of(overlap: OverlapTable, place: PairGeometry) -> ObjectTable:
    """Return the object table; memory and time grow with the number of overlapping pairs."""
    classes = classified(overlap)
    split, merge = _bits(overlap, overlap.truth_sizes[overlap.rows]), _bits(overlap, overlap.pred_sizes[overlap.cols])
    truth_bits, pred_bits = (
        tuple(np.bincount(index, weights=bits, minlength=size)[first:] for bits in (split, merge))
        for index, size, first in (
            (overlap.rows, overlap.truth_ids.size, overlap.first_truth),
            (overlap.cols, overlap.pred_ids.size, overlap.first_pred),
        )
    )
    pairs = overlap.objects
    by_col = np.argsort(pairs.cols, kind="stable")
    truth_best = _best(pairs.rows, pairs.iou)
    pred_best = by_col[_best(pairs.cols[by_col], pairs.iou[by_col])]
    return ObjectTable(
        ObjectRows(place.truth, classes.truth, *_partners(overlap, truth_best, of_truth=True), *truth_bits),
        ObjectRows(place.pred, classes.pred, *_partners(overlap, pred_best, of_truth=False), *pred_bits),
    )


def _bits(overlap: OverlapTable, sizes: np.ndarray) -> np.ndarray:
    """Return what each pair adds to a conditional entropy, (p,) float64, given the segment's size, (p,) int64."""
    bits: np.ndarray = overlap.counts * np.log2(sizes / overlap.counts) / overlap.voxels
    return bits


def _best(group: np.ndarray, iou: np.ndarray) -> np.ndarray:
    """Return for each run of equal entries of `group` the index of its first greatest `iou`."""
    if not group.size:
        return np.zeros(0, np.int64)
    starts = np.flatnonzero(np.append(True, group[1:] != group[:-1]))
    greatest = np.repeat(np.maximum.reduceat(iou, starts), np.diff(starts, append=group.size))
    hits = np.flatnonzero(iou == greatest)
    first: np.ndarray = hits[np.append(True, group[hits][1:] != group[hits][:-1])]
    return first


def _partners(
    overlap: OverlapTable, best: np.ndarray, *, of_truth: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return partner, IoU, IoT and IoP of every object of a side, given the pair (p,) that is best for each."""
    pairs = overlap.objects
    rows, cols, shared = pairs.rows[best], pairs.cols[best], pairs.counts[best]
    count = overlap.n_truth if of_truth else overlap.n_pred
    own = rows - overlap.first_truth if of_truth else cols - overlap.first_pred
    partner = np.zeros(count, np.uint64)
    partner[own] = overlap.pred_ids[cols] if of_truth else overlap.truth_ids[rows]
    ratios = np.zeros((3, count))
    ratios[:, own] = pairs.iou[best], shared / overlap.truth_sizes[rows], shared / overlap.pred_sizes[cols]
    return partner, *ratios
