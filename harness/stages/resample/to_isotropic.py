"""Resampling to isotropic voxels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Self

import numpy as np
from pydantic import model_validator

from harness.model import Grid, Volume
from harness.parameters import StageOptions, option
from harness.stages.arrays import spacing_of
from harness.stages.contract import Context, Stage
from harness.stages.examples import channels_first
from harness.stages.resample import grids
from harness.stages.slots import check_labels, check_probability, slot_of


class ToIsotropic(Stage):
    """Resample the named slots to voxels of one edge length, the finest spacing unless a target is given.

    The extent is kept, so the new spacing differs from the target by the rounding of the shape. Training stages after
    this one see the truth resampled by nearest neighbour. Scores are computed on the grid of the sample: a chain with
    this stage ends with `to-original-grid`.
    """

    id = "to-isotropic"
    title = "Resampling to isotropic voxels"
    outputs = ("image",)
    needs = ("scipy",)
    licence = "BSD-3-Clause"
    citation = "scipy.ndimage.zoom, doi:10.1038/s41592-019-0686-2"

    class Options(StageOptions):
        target: float = option(0.0, "edge of the new voxels; 0 = the finest spacing of the image", unit="um", ge=0.0)
        order: int = option(1, "spline order for images (0 = nearest neighbour)", ge=0, le=5)
        slots: tuple[str, ...] = option(("image",), "what to resample: image, maps, label images, further ones too")

        @model_validator(mode="after")
        def _slots_can_be_resampled(self) -> Self:
            for slot in self.slots:
                if not slot_of(slot).on_grid:
                    raise ValueError(f"parameter 'slots' names '{slot}', which is no array of voxels")
            if not self.slots or len(set(self.slots)) < len(self.slots):
                raise ValueError(f"parameter 'slots' is {list(self.slots)}; accepted: one or more different slots")
            return self

    options: Options

    def reads(self) -> tuple[str, ...]:
        """Return the slots that the parameters name."""
        return self.options.slots

    def makes(self) -> tuple[str, ...]:
        """Return the slots that the parameters name."""
        return self.options.slots

    def grid_after(self, grid: Grid, sample: Grid) -> Grid:
        """Return the isotropic grid of the same extent; raises `DataError` where the spacing is unknown."""
        spacing = spacing_of(grid, self.where)
        shape = grids.isotropic_shape(grid.shape, spacing, self.options.target or min(spacing))
        steps = tuple(old * step / new for old, step, new in zip(grid.shape, spacing, shape, strict=True))
        return Grid(grid.axes, shape, steps)

    def run(self, inputs: Mapping[str, Volume], context: Context) -> Mapping[str, Volume]:
        """Return each slot on the isotropic grid: images and maps float32, label images with their own ids."""
        return {slot: self._resampled(slot, volume) for slot, volume in inputs.items()}

    def map_truth(self, truth: Volume, context: Context) -> Volume:
        """Return the truth on the isotropic grid by nearest neighbour."""
        return self._resampled("truth", truth)

    def _resampled(self, slot: str, volume: Volume) -> Volume:
        after = self.grid_after(volume.grid, volume.grid)
        shape, steps = after.shape, after.spacing_um
        if slot_of(slot).check is check_labels:
            return replace(volume, array=grids.nearest(volume.array, shape), spacing_um=steps)
        planes = channels_first(volume, self.where)
        order = self.options.order
        array = np.stack(
            [grids.spline(plane, shape, order) if order else grids.nearest(plane, shape) for plane in planes]
        )
        if slot_of(slot).check is check_probability:
            np.clip(array, 0, 1, out=array)
        return replace(volume, array=array if "C" in volume.axes else array[0], spacing_um=steps)
