"""Joining masks of planes to masks of a volume, as Cellpose 3 means to: every object of the result has one id."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from harness.stages.arrays import compact


def stitched(masks: np.ndarray, stitch_threshold: float) -> np.ndarray:
    """Return labels (Z, Y, X) uint32 of planes that are labelled by themselves (any integers, 0 is background).

    An object goes on in the next plane where the IoU with the best object there reaches the threshold; every other
    object has a new id. The library's own function begins again at 1 after an empty plane and counts in 16 bits.
    """
    made = np.zeros(masks.shape, dtype=np.uint32)
    highest = 0
    before = np.zeros(masks.shape[1:], dtype=np.uint32)
    for place, plane in enumerate(masks):
        here = compact(plane)
        numbers = _numbers(here, before, stitch_threshold, highest)
        made[place] = before = numbers[here]
        highest = max(highest, int(numbers.max()))
    return made


def _numbers(here: np.ndarray, before: np.ndarray, threshold: float, highest: int) -> np.ndarray:
    """Return the id that each object of a plane gets, uint32 (n + 1,); 0 stays 0."""
    ids = np.unique(before[before > 0])
    columns = compact(before)
    rows = int(here.max(initial=0)) + 1
    shared = np.bincount(
        here.ravel().astype(np.int64) * (len(ids) + 1) + columns.ravel(), minlength=rows * (len(ids) + 1)
    )
    overlap = shared.reshape(rows, len(ids) + 1)
    union = overlap.sum(axis=1, keepdims=True) + overlap.sum(axis=0, keepdims=True) - overlap
    iou = (overlap / np.maximum(union, 1))[1:, 1:]
    iou[iou < threshold] = 0
    iou[iou < iou.max(axis=0, initial=0)] = 0
    numbers = np.zeros(rows, dtype=np.uint32)
    is_old = iou.max(axis=1, initial=0) > 0
    if is_old.any():
        numbers[1:][is_old] = ids[iou.argmax(axis=1)[is_old]]
    numbers[1:][~is_old] = np.arange(highest + 1, highest + 1 + int((~is_old).sum()), dtype=np.uint32)
    return numbers


@contextmanager
def mended() -> Iterator[None]:
    """Let the library join planes with `stitched`: it offers no other way to join before it fills holes."""
    from cellpose import utils

    before = utils.stitch3D
    utils.stitch3D = stitched
    try:
        yield
    finally:
        utils.stitch3D = before
