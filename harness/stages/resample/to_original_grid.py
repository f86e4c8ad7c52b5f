"""Labels back on the grid of the sample."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from harness.errors import DataError
from harness.model import Grid, Volume
from harness.stages.contract import Context, Stage
from harness.stages.resample import grids


class ToOriginalGrid(Stage):
    """Resample labels to the sample's own grid by nearest neighbour, with exactly its shape.

    The labels are then scored on the original grid, against the truth as it was drawn. Objects thinner than a voxel
    of that grid may vanish.
    """

    id = "to-original-grid"
    title = "Labels back to the original grid"
    inputs = ("labels",)
    keeps_labels = True
    licence = "MIT"
    citation = "Vijayan et al. 2024, doi:10.1101/2024.02.19.580954"

    def grid_after(self, grid: Grid, sample: Grid) -> Grid:
        """Return the grid of the sample."""
        return sample

    def run(self, inputs: Mapping[str, Volume], context: Context) -> Volume:
        """Return the labels (same dtype and ids) on the grid of the sample."""
        return self._back(inputs["labels"], context)

    def map_truth(self, truth: Volume, context: Context) -> Volume:
        """Return the truth on the grid of the sample; a truth that already lies there is returned as it is."""
        return truth if truth.grid.shape == context.grid.shape else self._back(truth, context)

    def _back(self, labels: Volume, context: Context) -> Volume:
        grid = context.grid
        if labels.grid.axes != grid.axes:
            raise DataError(f"{self.where}: labels with axes {labels.grid.axes}; the sample has {grid.axes}")
        return replace(labels, array=grids.nearest(labels.array, grid.shape), spacing_um=grid.spacing_um)
