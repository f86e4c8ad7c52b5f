"""Resampling to isotropic voxels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from harness.errors import ParameterError
from harness.model import Grid, Volume
from harness.parameters import Parameter
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
    parameters = (
        Parameter(
            "target", "float", 0.0, "edge of the new voxels; 0 = the finest spacing of the image", "um", minimum=0.0
        ),
        Parameter("order", "int", 1, "spline order for images (0 = nearest neighbour)", minimum=0, maximum=5),
        Parameter(
            "slots",
            "strs",
            ("image",),
            "what to resample: image, maps, label images, further ones too",
        ),
    )
    needs = ("scipy",)
    licence = "BSD-3-Clause"
    citation = "scipy.ndimage.zoom, doi:10.1038/s41592-019-0686-2"

    def check(self, where: str) -> None:
        """Raise `ParameterError` for slots that cannot be resampled, and take those named as inputs and outputs."""
        slots: tuple[str, ...] = self.options["slots"]  # type: ignore[assignment]
        for slot in slots:
            if not slot_of(slot).on_grid:
                raise ParameterError(f"{where}: parameter 'slots' names '{slot}', which is no array of voxels")
        if not slots or len(set(slots)) < len(slots):
            raise ParameterError(f"{where}: parameter 'slots' is {list(slots)}; accepted: one or more different slots")

    def reads(self) -> tuple[str, ...]:
        """Return the slots that the parameters name."""
        return self.options["slots"]  # type: ignore[return-value]

    def makes(self) -> tuple[str, ...]:
        """Return the slots that the parameters name."""
        return self.reads()

    def grid_after(self, grid: Grid, sample: Grid) -> Grid:
        """Return the isotropic grid of the same extent; raises `DataError` where the spacing is unknown."""
        spacing = spacing_of(grid, f"stage '{self.id}'")
        target: float = self.options["target"]  # type: ignore[assignment]
        shape = grids.isotropic_shape(grid.shape, spacing, target or min(spacing))
        steps = tuple(old * step / new for old, step, new in zip(grid.shape, spacing, shape, strict=True))
        return Grid(grid.axes, shape, steps)

    def run(self, inputs: Mapping[str, Volume], context: Context) -> Mapping[str, Volume]:
        """Return each slot on the isotropic grid: images and maps float32, label images with their own ids."""
        return {slot: self._resampled(slot, volume) for slot, volume in inputs.items()}

    def map_truth(self, truth: Volume, context: Context) -> Volume:
        """Return the truth on the isotropic grid by nearest neighbour."""
        return self._resampled("truth", truth)

    def _resampled(self, slot: str, volume: Volume) -> Volume:
        options: Mapping[str, Any] = self.options
        where = f"stage '{self.id}'"
        after = self.grid_after(volume.grid, volume.grid)
        shape, steps = after.shape, after.spacing_um
        if slot_of(slot).check is check_labels:
            return replace(volume, array=grids.nearest(volume.array, shape), spacing_um=steps)
        planes = channels_first(volume, where)
        order = options["order"]
        array = np.stack(
            [grids.spline(plane, shape, order) if order else grids.nearest(plane, shape) for plane in planes]
        )
        if slot_of(slot).check is check_probability:
            np.clip(array, 0, 1, out=array)
        return replace(volume, array=array if "C" in volume.axes else array[0], spacing_um=steps)
