"""Cells flooded from seeds that are given, such as nuclei: as many cells as there are seeds."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from harness.model import Volume
from harness.parameters import StageOptions, option
from harness.stages.arrays import compact, labels_on, require_same_grid, sigma_per_axis
from harness.stages.boundary.regions import probability_of
from harness.stages.contract import Context, Stage


class SeededWatershed(Stage):
    """Flood the channel "boundary" of the probability from the objects of a slot until all voxels are taken.

    Where two seeds lie in one cell it is cut; a cell without a seed goes to its neighbours.
    """

    id = "seeded-watershed"
    title = "Watershed from given seeds"
    inputs = ("probability", "nuclei")
    needs = ("scipy", "skimage")
    licence = "BSD-3-Clause"
    citation = "Vincent & Soille 1991, doi:10.1109/34.87344"

    class Options(StageOptions):
        seeds: str = option("nuclei", "slot of the seeds")
        sigma: float = option(1.0, "Gaussian smoothing of the flooded map, in voxels of the finest axis", ge=0.0)

    options: Options

    def reads(self) -> tuple[str, ...]:
        """Return the map and the slot that `seeds` names."""
        return ("probability", self.options.seeds)

    def run(self, inputs: Mapping[str, Volume], context: Context) -> Volume:
        """Return labels (uint32, (Z)YX, ids 1 … n in the order of the seeds' ids); without a seed all are 0."""
        from scipy.ndimage import gaussian_filter
        from skimage.segmentation import watershed

        require_same_grid(inputs, self.where)
        volume = inputs["probability"]
        height = probability_of(volume, "boundary", self.where)
        seeds = compact(inputs[self.options.seeds].array)
        if not seeds.any():
            return labels_on(seeds, volume)
        if self.options.sigma:
            height = gaussian_filter(height, sigma_per_axis(self.options.sigma, "px", volume.grid, self.where))
        flooded = watershed(height, seeds.astype(np.int32))
        return labels_on(flooded.astype(np.uint32), volume)
