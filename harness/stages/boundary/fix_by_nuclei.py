"""Cells merged and split so that each holds one nucleus."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from pydantic import model_validator

from harness.model import Volume
from harness.parameters import StageOptions, option
from harness.stages.arrays import compact, labels_on, require_same_grid
from harness.stages.boundary.regions import probability_of
from harness.stages.contract import Context, Stage


class FixByNuclei(Stage):
    """Merge the cells that share a nucleus, then split the cells that hold several; the defaults are PlantSeg's.

    Cells that each hold at least `threshold_merge` of one nucleus become one. A cell that then holds at least
    `threshold_split` of each of several nuclei is flooded from these. Nuclei whose size lies outside the quantiles are
    taken for badly segmented and change nothing; nor do nuclei outside of every cell. Background stays background.
    """

    id = "fix-by-nuclei"
    title = "Cells split and merged by nuclei"
    inputs = ("labels", "nuclei", "probability")
    needs = ("scipy", "skimage")
    licence = "MIT"
    citation = "Wolny et al. 2020, doi:10.7554/eLife.57613; PlantSeg 2, split and merge by nuclei"

    class Options(StageOptions):
        threshold_merge: float = option(0.33, "least share of a nucleus in each cell that it joins", ge=0.01, le=1.0)
        threshold_split: float = option(0.66, "least share of a nucleus in the cell that it splits", ge=0.01, le=1.0)
        quantiles: tuple[float, ...] = option(
            (0.3, 0.99), "nuclei below the first and above the second quantile of sizes are left out", ge=0.0, le=1.0
        )
        sigma: float = option(2.0, "Gaussian smoothing of the boundary that splits follow", unit="px", ge=0.0)
        compactness: float = option(0.001, "of the flooded parts: more makes them rounder", ge=0.0)
        use_boundary: bool = option(True, "splits follow the boundary map; false: they lie midway between nuclei")

        @model_validator(mode="after")
        def _two_quantiles(self) -> Self:
            if len(self.quantiles) != 2 or self.quantiles[0] >= self.quantiles[1]:
                raise ValueError(f"'quantiles' is {list(self.quantiles)}; accepted: two numbers, the first the smaller")
            return self

    options: Options

    def reads(self) -> tuple[str, ...]:
        """Return the cells and the nuclei, and the boundary map where splits follow it."""
        return self.inputs if self.options.use_boundary else self.inputs[:2]

    def run(self, inputs: Mapping[str, Volume], context: Context) -> Volume:
        """Return labels (uint32, ids 1 … n, 0 background); the record says how many cells were merged and split."""
        from scipy.ndimage import gaussian_filter

        options = self.options
        require_same_grid(inputs, self.where)
        cells, nuclei = compact(inputs["labels"].array), compact(inputs["nuclei"].array)
        used = of_usual_size(nuclei, options.quantiles)
        merged = merge_by_nuclei(cells, nuclei, used, options.threshold_merge)
        height = np.zeros(cells.shape, dtype=np.float32)
        if options.use_boundary:
            boundary = probability_of(inputs["probability"], "boundary", self.where)
            height = gaussian_filter(boundary, options.sigma) if options.sigma else boundary
        split = split_by_nuclei(merged, nuclei, used, options.threshold_split, height, options.compactness)
        present = np.zeros(int(nuclei.max(initial=0)) + 1, dtype=bool)
        present[nuclei[cells > 0]] = True
        context.report("merges", int(cells.max(initial=0)) - int(merged.max(initial=0)))
        context.report("splits", int(split.max(initial=0)) - int(merged.max(initial=0)))
        context.report("nuclei_left_out", int(np.count_nonzero(~used[1:])))
        context.report("nuclei_outside", int(np.count_nonzero(~present[1:])))
        return labels_on(split, inputs["labels"])


def of_usual_size(nuclei: np.ndarray, quantiles: tuple[float, ...]) -> np.ndarray:
    """Return which ids of nuclei (0 … n, consecutive) have a size within two quantiles of all sizes; 0 has not."""
    sizes = np.bincount(nuclei.ravel(), minlength=1)
    if len(sizes) == 1:
        return np.zeros(1, dtype=bool)
    low, high = np.quantile(sizes[1:], quantiles)
    usual = np.asarray((sizes >= low) & (sizes <= high))
    usual[0] = False
    return usual


def merge_by_nuclei(cells: np.ndarray, nuclei: np.ndarray, used: np.ndarray, least: float) -> np.ndarray:
    """Return cells (uint32, ids 1 … n) in which those that each hold the share `least` of a used nucleus are one.

    Both images have consecutive ids; `used` says by id which nuclei count. 0 of either holds and joins nothing.
    """
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    shares = _shares(cells, nuclei)
    holds = (shares.row > 0) & used[shares.col] & (shares.data >= least)
    joined, of = shares.row[holds], shares.col[holds]
    size = int(cells.max(initial=0)) + 1
    links = coo_matrix((np.ones(len(joined)), (joined, size + of)), shape=(size + len(used), size + len(used)))
    groups = connected_components(links, directed=False)[1][:size]
    return _renumbered(groups, cells)


def split_by_nuclei(
    cells: np.ndarray, nuclei: np.ndarray, used: np.ndarray, least: float, height: np.ndarray, compactness: float
) -> np.ndarray:
    """Return cells (uint32, ids 1 … n) in which each that holds the share `least` of several used nuclei is cut.

    Parts flood `height` (float32) from the nuclei within the cell. Both images have consecutive ids.
    """
    from scipy.ndimage import find_objects
    from skimage.segmentation import watershed

    shares = _shares(cells, nuclei)
    holds = (shares.row > 0) & used[shares.col] & (shares.data >= least)
    split = cells.astype(np.uint32)
    highest = int(split.max(initial=0))
    boxes = find_objects(cells.astype(np.int32))
    for cell in np.flatnonzero(np.bincount(shares.row[holds], minlength=1) > 1):
        box = boxes[cell - 1]
        inside = cells[box] == cell
        seeds = np.where(inside & np.isin(nuclei[box], shares.col[holds & (shares.row == cell)]), nuclei[box], 0)
        parts = compact(np.asarray(watershed(height[box], seeds, mask=inside, compactness=compactness)))
        target = split[box]
        target[parts > 1] = parts[parts > 1] + np.uint32(highest - 1)
        highest += int(parts.max()) - 1
    return compact(split)


def _shares(cells: np.ndarray, nuclei: np.ndarray) -> Any:
    """Return a sparse matrix (cells, nuclei) of how much of each nucleus lies in each cell, ids as indices."""
    from scipy.sparse import coo_matrix

    sizes = np.bincount(nuclei.ravel(), minlength=1)
    shape = (int(cells.max(initial=0)) + 1, len(sizes))
    counts = coo_matrix((np.ones(cells.size), (cells.ravel(), nuclei.ravel())), shape=shape).tocsr().tocoo()
    counts.data = counts.data / sizes[counts.col]
    return counts


def _renumbered(groups: np.ndarray, cells: np.ndarray) -> np.ndarray:
    """Return the cells under the numbers of their groups, in the order of their first ids; 0 stays 0."""
    first = np.full(int(groups.max()) + 1, len(groups), dtype=np.int64)
    np.minimum.at(first, groups[1:], np.arange(1, len(groups)))
    return compact(np.concatenate([[0], first[groups[1:]]])[cells])
