"""Two masks on one grid: the elements of either surface, with the distance of each to the nearest of the other."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from harness.metrics.surfaces.elements import Elements, weights
from harness.metrics.surfaces.profile import SLACK

MOST_STEPS = 256
"""Columns that are looked into for the nearest element, before the planes are transformed for those that found none."""
FAR, VERY_FAR = np.int16(np.iinfo(np.int16).max), np.int32(np.iinfo(np.int32).max)
"""What stands for no element in a column, in the smallest type that holds every other distance in rows."""
MOST_ROWS = 128
"""Rows between an element and its nearest up to which the two are counted in a table, and not one by one."""

Weighted = tuple[np.ndarray, np.ndarray]
Apply = Callable[[Callable[[Any], Any], Iterable[Any]], Iterable[Any]]


@dataclass(frozen=True, eq=False)
class Mask:
    """The voxels of a 2D or 3D label image that have a label; None: any but 0.

    Not slotted: they are looked for once, as most of the time goes by waiting for the image.
    """

    labels: np.ndarray
    label: int | None = None

    @cached_property
    def padded(self) -> np.ndarray:
        """1 for these voxels, else 0, uint8, with a margin of zeros at both ends of each axis; 2D as a plane."""
        padded = np.zeros(tuple(size + 2 for size in self.labels.shape), np.uint8)
        inner = padded.view(bool)[(slice(1, -1),) * padded.ndim]
        if self.label is None:
            np.not_equal(self.labels, 0, out=inner)
        else:
            np.equal(self.labels, self.label, out=inner)
        return padded if padded.ndim == 3 else padded[None]


@dataclass(frozen=True, eq=False)
class Search:
    """How surfaces are searched: what they are made of, and the size of a voxel.

    elements  what a surface is made of
    spacing   size of a voxel, one number per axis, two or three of them

    Made once for all the masks of an image pair. Not slotted: what is derived is made once.
    """

    elements: Elements
    spacing: tuple[float, ...]

    @cached_property
    def weights(self) -> np.ndarray:
        """What an element counts by its code."""
        return weights(self.elements, self.spacing)

    @cached_property
    def steps(self) -> np.ndarray:
        """The offsets in planes and columns at which a nearest element is looked for, (n, 2) int64, nearest first."""
        return _steps(self._grid[0] if len(self.spacing) == 3 else math.inf, self._grid[2])

    @cached_property
    def table(self) -> tuple[int, int, int]:
        """Planes, columns and rows between two elements, of which any that `steps` finds has fewer."""
        planes, columns = np.abs(self.steps).max(axis=0) + 1
        reach = math.sqrt(self._lengths[-1]) / self._grid[1]
        return int(planes), int(columns), min(int(reach) + 2, MOST_ROWS)

    @cached_property
    def _grid(self) -> np.ndarray:
        """The spacing of planes, rows and columns; a 2D image is one plane."""
        return np.array((1.0,) * (3 - len(self.spacing)) + self.spacing)

    @cached_property
    def _lengths(self) -> np.ndarray:
        """The squared lengths of the steps."""
        lengths: np.ndarray = np.square(self.steps * self._grid[[0, 2]]).sum(axis=1)
        return lengths

    def both_ways(
        self, truth: Mask, pred: Mask, ignored: np.ndarray | None = None, *, apply: Apply = map
    ) -> tuple[Weighted, Weighted]:
        """Return distances and weights of the truth's elements to the prediction's, and of the prediction's.

        The masks have one shape, with as many axes as the spacing. Elements of which a voxel is ignored (bool, of that
        shape) are none. Each answer is (distances, weights), float64, in no order; empty for a surface without
        elements, and infinite distances to one. `apply` is `map`, or that of a pool of threads.
        """
        one, two = apply(lambda mask: self._side(mask.padded, ignored), (truth, pred))
        from_truth, from_pred = apply(lambda way: self._one_way(*way), ((one, two), (two, one)))
        return from_truth, from_pred

    def band(self, mask: Mask, width: float) -> np.ndarray:
        """Return the voxels of a mask whose distance to its nearest border voxel is less than a width; bool.

        The border voxels themselves are at distance 0.
        """
        from harness.metrics.surfaces.kernel import mark_band

        padded = mask.padded
        side = self._side(padded, None)
        inner = padded[tuple(slice(1, -1) if size > 1 else slice(None) for size in padded.shape)]
        reach = np.minimum(np.ceil(width / self._grid), inner.shape).astype(int)
        limit = (width * (1 - SLACK)) ** 2
        band = mark_band(inner, side.near, self._grid, limit, int(reach[0]), int(reach[2]), side.far)
        return band.reshape(mask.labels.shape).view(bool)

    def _side(self, padded: np.ndarray, ignored: np.ndarray | None) -> _Side:
        from harness.metrics.surfaces.kernel import code_corners, mark_border, nearest_in_columns

        margin = 1 if self.elements == "surfels" else 2
        found = np.empty(tuple(size - margin if size > 1 else size for size in padded.shape), np.uint8)
        if self.elements == "surfels":
            code_corners(padded, found)
        else:
            mark_border(padded, found)
        if ignored is not None:
            found[self._touched(ignored)] = 0
        far = FAR if max(found.shape) < FAR else VERY_FAR
        near = np.empty(found.shape, far.dtype)
        nearest_in_columns(found, near, far)
        return _Side(found, near, far, np.count_nonzero(found))

    def _touched(self, ignored: np.ndarray) -> np.ndarray:
        """Return which places of elements have an ignored voxel among their own."""
        padded = Mask(ignored).padded.view(bool)
        if self.elements == "voxels":
            return padded[tuple(slice(1, -1) if size > 1 else slice(None) for size in padded.shape)]
        sides = [(slice(None, -1), slice(1, None)) if size > 1 else (slice(None),) for size in padded.shape]
        corners = [padded[part] for part in itertools.product(*sides)]
        touched: np.ndarray = np.logical_or.reduce(corners)
        return touched

    def _one_way(self, source: _Side, target: _Side) -> Weighted:
        """Return distances and weights from one surface to the other; the elements of the first are used up."""
        from harness.metrics.surfaces.kernel import measure_far, measure_near, nearest_in_planes

        if source.count == 0:
            return np.zeros(0), np.zeros(0)
        if target.count == 0:
            total = self.weights[source.elements[source.elements > 0]].sum()
            return np.array([np.inf]), np.array([total])
        left, near, far, grid = source.elements, target.near, target.far, self._grid
        planes, columns, rows = self.table
        table = np.zeros((min(planes, left.shape[0]), min(columns, left.shape[2]), min(rows, left.shape[1])))
        missed = measure_near(left, near, self.weights, grid[1] ** 2, self.steps, self._lengths, table, far)
        filled = np.flatnonzero(table)
        offsets, counted = np.unravel_index(filled, table.shape), table.ravel()[filled]
        if missed:
            columns_off = np.empty_like(near)
            nearest_in_planes(near, grid, columns_off, far)
            others, codes = np.empty((3, missed), np.int64), np.empty(missed, np.uint8)
            measure_far(left, near, columns_off, grid, others, codes, far)
            offsets = tuple(np.concatenate(both) for both in zip(offsets, others, strict=True))
            counted = np.concatenate((counted, self.weights[codes]))
        planes_off, columns_off, rows_off = offsets
        squares = np.square(planes_off * grid[0]) + np.square(rows_off * grid[1]) + np.square(columns_off * grid[2])
        return np.sqrt(squares), counted


@dataclass(frozen=True, slots=True, eq=False)
class _Side:
    """One surface: its elements by code, the rows to the nearest in a column, what stands for none, their number."""

    elements: np.ndarray
    near: np.ndarray
    far: np.integer
    count: int


def _steps(plane: float, column: float) -> np.ndarray:
    """Return the offsets in planes and columns of the nearest `MOST_STEPS` columns, (n, 2) int64, nearest first.

    `plane` and `column` are their sizes, `plane` infinite for a single one. No column left out is nearer than one in.
    """
    is_flat = math.isinf(plane)
    reach = column * MOST_STEPS if is_flat else math.sqrt(MOST_STEPS * plane * column / math.pi) + plane + column
    planes, columns = (min(math.ceil(reach / size), MOST_STEPS) for size in (plane, column))
    off = np.mgrid[-planes : planes + 1, -columns : columns + 1].reshape(2, -1).T
    length = np.square(off * (0.0 if is_flat else plane, column)).sum(axis=1)
    return np.ascontiguousarray(off[np.argsort(length, kind="stable")[:MOST_STEPS]])
