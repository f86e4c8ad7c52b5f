"""The overlap table: how many voxels each pair of truth and predicted labels shares, from one pass over both."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from harness.errors import LabelError
from harness.metrics.blocks import PairedBlocks, paired_blocks, reading_threads, refuse_negative


@dataclass(frozen=True, eq=False)
class Pairs:
    """Overlapping pairs of objects, one entry each, sorted by row, then column.

    rows, cols  (p,) int64: truth and predicted object, as indices into the table's ids
    counts      (p,) int64: shared voxels, at least 1
    unions      (p,) int64: voxels in either
    """

    rows: np.ndarray
    cols: np.ndarray
    counts: np.ndarray
    unions: np.ndarray

    @cached_property
    def iou(self) -> np.ndarray:
        """Intersection over union, (p,) float64, each the nearest double of the exact ratio."""
        iou: np.ndarray = self.counts / self.unions
        return iou

    @cached_property
    def _near(self) -> Pairs:
        keep = 25 * self.counts >= 12 * self.unions
        return Pairs(self.rows[keep], self.cols[keep], self.counts[keep], self.unions[keep])

    def candidates(self, threshold: float) -> Pairs:
        """Return the pairs that can reach an IoU, rounded or not, of `threshold`; there may be more, never fewer.

        From 0.5 on these are the pairs of IoU 0.48 and above, hardly more than one an object.
        """
        return self if threshold < 0.5 else self._near


@dataclass(frozen=True, eq=False)
class OverlapTable:
    """Every pair of labels that share a voxel; 0 is one label among others here, its meaning is each metric's.

    truth_ids, pred_ids      (t,), (q,) uint64, ascending: the labels present
    truth_sizes, pred_sizes  (t,), (q,) int64: their voxels
    rows, cols               (p,) int64, sorted by row, then column: indices into `truth_ids`, `pred_ids`
    counts                   (p,) int64: voxels with that pair of labels, at least 1
    voxels                   voxels of the image

    Nobody changes the arrays. Not slotted: the derived pairs below are computed once and kept.
    """

    truth_ids: np.ndarray
    pred_ids: np.ndarray
    truth_sizes: np.ndarray
    pred_sizes: np.ndarray
    rows: np.ndarray
    cols: np.ndarray
    counts: np.ndarray
    voxels: int

    @property
    def first_truth(self) -> int:
        """Index of the first truth object: 1 where the background label 0 is present, else 0."""
        return int(self.truth_ids[0] == 0)

    @property
    def first_pred(self) -> int:
        """Index of the first predicted object: 1 where the background label 0 is present, else 0."""
        return int(self.pred_ids[0] == 0)

    @property
    def n_truth(self) -> int:
        """Number of truth objects: labels other than 0."""
        return self.truth_ids.size - self.first_truth

    @property
    def n_pred(self) -> int:
        """Number of predicted objects: labels other than 0."""
        return self.pred_ids.size - self.first_pred

    @cached_property
    def objects(self) -> Pairs:
        """The pairs in which neither label is 0."""
        return self.pairs_from(self.first_truth, self.first_pred)

    @cached_property
    def after_first(self) -> Pairs:
        """The pairs without the smallest label of either image, whatever its value."""
        return self.pairs_from(1, 1)

    def pairs_from(self, first_truth: int, first_pred: int) -> Pairs:
        """Return the pairs whose row and column are at least the given indices."""
        keep = (self.rows >= first_truth) & (self.cols >= first_pred)
        rows, cols, counts = self.rows[keep], self.cols[keep], self.counts[keep]
        return Pairs(rows, cols, counts, self.truth_sizes[rows] + self.pred_sizes[cols] - counts)


def overlap_table(
    truth: Any,
    pred: Any,
    *,
    ignore: Any = None,
    block: tuple[int, ...] | None = None,
    threads: int | None = None,
) -> OverlapTable:
    """Return the overlap table of two label images, from one pass over both.

    Images have any number of axes and any integer dtype (labels from 0 to 2**64 - 1) or bool, and may differ in
    dtype, memory layout and chunking; they are NumPy arrays or anything with `shape`, `dtype` and slicing (Zarr,
    HDF5, Dask), which is read block by block. Memory grows with the number of overlapping pairs, not with voxels.
    Voxels where `ignore`, an image of the same shape, is not 0 are counted nowhere; nor are those of the truth's label
    `ignore`, if it is a whole number.
    `block` overrides the block shape; `threads` the number of threads (default: the processors, at most four; one
    for images that are not in memory). Neither changes the table.

    Raises `LabelError` for a dtype that is neither integer nor bool, a negative label, an empty image, unequal shapes,
    or where every voxel is ignored.

    >>> table = overlap_table(np.array([[0, 1, 1]]), np.array([[0, 7, 0]]))
    >>> table.truth_ids, table.pred_ids, table.counts
    (array([0, 1], dtype=uint64), array([0, 7], dtype=uint64), array([1, 1, 1]))
    """
    blocks = paired_blocks(truth, pred, ignore=ignore, block=block)
    ids, counts = _count(blocks, threads or reading_threads(blocks.regions, in_memory=blocks.in_memory))
    return table_of_pairs(ids, counts, truth=blocks.truth.dtype, pred=blocks.pred.dtype)


def table_of_pairs(ids: np.ndarray, counts: np.ndarray, *, truth: np.dtype, pred: np.dtype) -> OverlapTable:
    """Return the table of counted label pairs, (n, 2) uint64 and (n,) int64; a pair may stand there more than once.

    `truth` and `pred` are the dtypes of the images. Raises `LabelError` where there is no pair, and for labels that
    were negative before they were read as unsigned.
    """
    if not counts.size:
        raise LabelError("every voxel is ignored: there is nothing to compare")
    refuse_negative(truth, ids[:, 0], "truth")
    refuse_negative(pred, ids[:, 1], "prediction")
    return _table(ids, counts)


def _count(blocks: PairedBlocks, threads: int) -> tuple[np.ndarray, np.ndarray]:
    """Return label pairs, (n, 2) uint64, and their counts; a pair may stand there once per thread."""
    from harness.metrics.kernel import PairCounter

    def count_share(first: int) -> tuple[np.ndarray, np.ndarray]:
        counter = PairCounter()
        for one_truth, one_pred in blocks.each(blocks.regions[first::threads]):
            counter.add(one_truth, one_pred)
        return counter.pairs()

    if threads == 1:
        return count_share(0)
    with ThreadPoolExecutor(threads) as pool:
        shares = list(pool.map(count_share, range(threads)))
    return np.concatenate([ids for ids, _ in shares]), np.concatenate([counts for _, counts in shares])


def _table(ids: np.ndarray, counts: np.ndarray) -> OverlapTable:
    truth_ids, rows = np.unique(ids[:, 0], return_inverse=True)
    pred_ids, cols = np.unique(ids[:, 1], return_inverse=True)
    codes = rows * pred_ids.size + cols
    order = np.argsort(codes, kind="stable")
    first = np.flatnonzero(np.diff(codes[order], prepend=-1))
    counts = np.add.reduceat(counts[order], first)
    rows, cols = rows[order[first]], cols[order[first]]
    truth_sizes, pred_sizes = np.zeros(truth_ids.size, np.int64), np.zeros(pred_ids.size, np.int64)
    np.add.at(truth_sizes, rows, counts)
    np.add.at(pred_sizes, cols, counts)
    return OverlapTable(truth_ids, pred_ids, truth_sizes, pred_sizes, rows, cols, counts, int(counts.sum()))
