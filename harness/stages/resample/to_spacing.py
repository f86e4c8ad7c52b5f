"""Resampling to the voxel size that a model was trained on."""

from __future__ import annotations

from harness.errors import DataError
from harness.model import Grid
from harness.parameters import option
from harness.stages.arrays import spacing_of
from harness.stages.resample.to_isotropic import ToIsotropic


class ToSpacing(ToIsotropic):
    """Resample the named slots to voxels of given edges, one for each spatial axis; else like `to-isotropic`."""

    id = "to-spacing"
    title = "Resampling to a voxel size"
    citation = "PlantSeg 2, rescaling to the voxel size of a model; scipy.ndimage.zoom, doi:10.1038/s41592-019-0686-2"

    class Options(ToIsotropic.Options):
        target: tuple[float, ...] = option(  # type: ignore[assignment]
            (),
            "edges of the new voxels, in the order of the spatial axes; 0 leaves an axis as it is",
            unit="um",
            ge=0.0,
        )

    options: Options

    def grid_after(self, grid: Grid, sample: Grid) -> Grid:
        """Return the grid of the same extent with about these voxels.

        Raises `DataError` where the spacing is unknown, or there is not one edge for each axis.
        """
        spacing = spacing_of(grid, self.where)
        target = self.options.target
        if len(target) != len(spacing):
            raise DataError(f"{self.where}: 'target' is {list(target)}; accepted: one edge for each of {grid.axes}")
        shape = tuple(
            max(1, round(length * step / edge)) if edge else length
            for length, step, edge in zip(grid.shape, spacing, target, strict=True)
        )
        steps = tuple(old * step / new for old, step, new in zip(grid.shape, spacing, shape, strict=True))
        return Grid(grid.axes, shape, steps)
