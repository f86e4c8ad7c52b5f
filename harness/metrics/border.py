"""Objects at the border of an image: which they are, and a comparison without them.

An object that the border cuts has another shape and size than the cell it is of. Objects with a voxel among the
outermost `width` ones along any axis can be left out of truth and prediction, each judged by its own extent, as the
evaluation of the NeurIPS 2022 cell segmentation challenge does with two pixels (Ma et al. 2024,
doi:10.1038/s41592-024-02233-6). A predicted object whose partner is left out and which does not reach the border
itself then has no partner: that is part of the convention.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from harness.errors import LabelError
from harness.metrics.blocks import Slices, read_block
from harness.metrics.overlap import OverlapTable


def border_labels(image: Any, width: int, name: str) -> np.ndarray:
    """Return the labels other than 0, (n,) ascending, of the outermost `width` voxels along each axis.

    Axes of one voxel have no border. `image` has any number of axes and an integer dtype or bool; of one that is not
    in memory only the border is read. `name` is what messages call it. Raises `LabelError` for a width below 1.
    """
    if width < 1:
        raise LabelError(f"the border is {width} voxels wide; accepted: 1 and above")
    found = [np.unique(read_block(image, face, name)) for face in _faces(tuple(image.shape), width)]
    labels = np.unique(np.concatenate(found)) if found else np.zeros(0, np.int64)
    objects: np.ndarray = labels[labels != 0]
    return objects


def _faces(shape: tuple[int, ...], width: int) -> list[Slices]:
    """Return the regions that hold the outermost voxels of either end of every axis longer than one voxel."""
    whole = tuple(slice(0, extent) for extent in shape)
    faces = []
    for axis, extent in enumerate(shape):
        if extent > 1:
            depth = min(width, extent)
            ends = (slice(0, depth), slice(extent - depth, extent))
            faces += [(*whole[:axis], end, *whole[axis + 1 :]) for end in ends]
    return faces


def without(table: OverlapTable, truth: np.ndarray, pred: np.ndarray) -> OverlapTable:
    """Return the table in which some labels of either image are 0: their voxels are background there.

    `truth` and `pred` are labels, those that the table does not have among them are passed over.
    """
    truth_ids, rows = _dropped(table.truth_ids, table.rows, truth)
    pred_ids, cols = _dropped(table.pred_ids, table.cols, pred)
    codes, index = np.unique(rows * pred_ids.size + cols, return_inverse=True)
    counts = _sums(index, table.counts, codes.size)
    rows, cols = codes // pred_ids.size, codes % pred_ids.size
    return replace(
        table,
        truth_ids=truth_ids,
        pred_ids=pred_ids,
        truth_sizes=_sums(rows, counts, truth_ids.size),
        pred_sizes=_sums(cols, counts, pred_ids.size),
        rows=rows,
        cols=cols,
        counts=counts,
    )


def _dropped(ids: np.ndarray, index: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return ascending ids with some of them turned to 0, and the index of each pair among them."""
    kept = np.where(np.isin(ids, labels.astype(ids.dtype)), ids.dtype.type(0), ids)
    unique, place = np.unique(kept, return_inverse=True)
    return unique, place[index]


def _sums(index: np.ndarray, counts: np.ndarray, size: int) -> np.ndarray:
    """Return the exact sums of int64 counts by index."""
    sums = np.zeros(size, np.int64)
    np.add.at(sums, index, counts)
    return sums
