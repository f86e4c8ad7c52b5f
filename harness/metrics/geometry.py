"""Where the objects of a label image lie: voxels, bounding box, centroid and border, from one pass over it."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from harness.metrics.blocks import ImageBlocks, image_blocks, reading_threads, refuse_negative


@dataclass(frozen=True, eq=False)
class Geometry:
    """The objects of one image, the labels other than 0, one row each, ascending by label; axes as in the image.

    ids        (n,) uint64: labels
    voxels     (n,) int64
    low, high  (n, axes) int64: the bounding box, `high` excluded, so that it is `slice(low, high)` per axis
    centroid   (n, axes) float64: mean coordinate of the voxels, in voxels; a voxel lies at its own index
    shape      the image's

    An object is whatever has the label, however many parts it has. Nobody changes the arrays. Not slotted: what is
    derived is computed once and kept.
    """

    ids: np.ndarray
    voxels: np.ndarray
    low: np.ndarray
    high: np.ndarray
    centroid: np.ndarray
    shape: tuple[int, ...]

    @cached_property
    def touches_border(self) -> np.ndarray:
        """Whether an object has a voxel in the outermost layer of the image, (n,) bool.

        Axes of length one have no border: an image of one plane is judged by the plane's edges. An image that is one
        voxel has none at all.
        """
        has_border = np.array(self.shape) > 1
        at_edge = (self.low == 0) | (self.high == np.array(self.shape))
        touching: np.ndarray = (at_edge & has_border).any(axis=1)
        return touching

    def nearest(self, spacing: Sequence[float] | None = None) -> np.ndarray:
        """Return how far the centroid of each object is from the nearest one of another object, (n,) float64.

        In the unit of `spacing`, one number per axis; in voxels without it. NaN for an object that is alone.
        """
        if self.ids.size < 2:
            return np.full(self.ids.size, np.nan)
        from scipy.spatial import KDTree

        points = self.centroid * (np.ones(len(self.shape)) if spacing is None else np.array(spacing))
        distances: np.ndarray = KDTree(points).query(points, k=2)[0][:, 1]
        return distances


class PairGeometry(NamedTuple):
    """The objects of a truth and of a prediction; their rows are those of the overlap table without label 0."""

    truth: Geometry
    pred: Geometry


def geometry(
    labels: Any,
    *,
    name: str = "the label image",
    ignore: Any = None,
    block: tuple[int, ...] | None = None,
    threads: int | None = None,
) -> Geometry:
    """Return where the objects of a label image lie, from one pass over it.

    The image has any number of axes and any integer dtype (0 is background, labels up to 2**64 - 1) or bool, and any
    memory layout; it is a NumPy array or anything with `shape`, `dtype` and slicing (Zarr, HDF5, Dask), which is read
    block by block. Voxels where `ignore`, an image of the same shape, is not 0 belong to no object. Memory grows with
    the number of objects, not with voxels: at most 130 bytes an object and thread in 2D and 170 in 3D while it counts,
    half that in the answer. `name` is what errors call the image; `block` and `threads` (default: the processors, at
    most four; one for what is not in memory) change nothing of the answer.

    Raises `LabelError` for a dtype that is neither integer nor bool, a negative label, an empty image, or an ignore
    mask of another shape.

    >>> found = geometry(np.array([[0, 7, 7], [0, 0, 7]]))
    >>> found.ids, found.low, found.high, found.centroid
    (array([7], dtype=uint64), array([[0, 1]]), array([[2, 3]]), array([[0.33333333, 1.66666667]]))
    """
    blocks = image_blocks(labels, name, ignore=ignore, block=block)
    count = threads or reading_threads(blocks.regions, in_memory=blocks.in_memory)
    ids, sums = _merged(_measured(blocks, count), len(blocks.axes))
    refuse_negative(blocks.image.dtype, ids, name)
    axes = len(blocks.axes)
    own = np.argsort(blocks.axes)
    voxels = sums[:, 0].copy()
    total, low, high = (sums[:, 1 + part * axes : 1 + (part + 1) * axes][:, own] for part in range(3))
    shape = tuple(int(blocks.image.shape[axis]) for axis in own)
    return Geometry(ids, voxels, low, high, total / voxels[:, None], shape)


def _measured(blocks: ImageBlocks, threads: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return labels, (n,) uint64, and their rows of sums, once per thread."""
    from harness.metrics.geometry_kernel import ObjectCounter

    def measure_share(first: int) -> tuple[np.ndarray, np.ndarray]:
        counter = ObjectCounter(len(blocks.axes))
        for region in blocks.regions[first::threads]:
            origin = tuple(part.start for part in region)
            counter.add(blocks.read(region), origin, tuple(part.stop - part.start for part in region))
        return counter.measured()

    if threads == 1:
        return [measure_share(0)]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(measure_share, range(threads)))


def _merged(shares: list[tuple[np.ndarray, np.ndarray]], axes: int) -> tuple[np.ndarray, np.ndarray]:
    """Return ascending labels and their sums over all shares."""
    labels = np.concatenate([ids for ids, _ in shares])
    sums = np.concatenate([rows for _, rows in shares])
    order = np.argsort(labels, kind="stable")
    labels, sums = labels[order], sums[order]
    first = np.flatnonzero(np.append(True, labels[1:] != labels[:-1])[: labels.size])
    if first.size < labels.size:
        lows, highs = slice(1 + axes, 1 + 2 * axes), slice(1 + 2 * axes, None)
        added = np.add.reduceat(sums, first)
        added[:, lows] = np.minimum.reduceat(sums[:, lows], first)
        added[:, highs] = np.maximum.reduceat(sums[:, highs], first)
        labels, sums = labels[first], added
    return labels, sums
