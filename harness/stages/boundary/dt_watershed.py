"""Superpixels by a watershed of the distance to the boundary."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.errors import ParameterError
from harness.model import Volume
from harness.parameters import Parameter
from harness.stages.arrays import labels_on, spacing_of
from harness.stages.boundary.distance_seeds import WatershedOptions, stacked_superpixels, superpixels
from harness.stages.boundary.regions import probability_of
from harness.stages.contract import Context, Stage


class DtWatershed(Stage):
    """Over-segment the channel "boundary" of the probability; the defaults are those of the GoNuclear configuration."""

    id = "dt-watershed"
    title = "Distance-transform watershed"
    inputs = ("probability",)
    outputs = ("superpixels",)
    parameters = (
        Parameter("threshold", "float", 0.4, "voxels above it are boundary", minimum=0.0, maximum=1.0),
        Parameter("min_size", "int", 50, "smaller superpixels are removed and regrown over", "px", minimum=0),
        Parameter("sigma_seeds", "float", 2.0, "Gaussian smoothing of the distances", "px", minimum=0.0),
        Parameter("sigma_weights", "float", 0.0, "Gaussian smoothing of the flooded map", "px", minimum=0.0),
        Parameter(
            "alpha", "float", 1.0, "share of the map in what is flooded, the rest is distance", minimum=0.0, maximum=1.0
        ),
        Parameter(
            "pixel_pitch", "floats", (), "voxel size per axis for the distances; [] = 1 along every axis", minimum=1e-6
        ),
        Parameter("use_spacing", "bool", False, "take the pixel pitch from the data's spacing"),
        Parameter("stacked", "bool", False, "flood every Z plane by itself"),
    )
    needs = ("bioimage_cpp", "scipy")
    extra = "graph"
    licence = "MIT"
    citation = "Beier et al. 2017, doi:10.1038/nmeth.4151; Wolny et al. 2020, doi:10.7554/eLife.57613"

    def check(self, where: str) -> None:
        """Raise `ParameterError` if the pitch is given twice."""
        if self.options["pixel_pitch"] and self.options["use_spacing"]:
            raise ParameterError(f"{where}: 'pixel_pitch' and 'use_spacing' are both given; accepted: one of them")

    def run(self, inputs: Mapping[str, Volume], context: Context) -> Volume:
        """Return superpixels (uint32, (Z)YX, ids 1 … n, no 0)."""
        options: Mapping[str, Any] = self.options
        volume, where = inputs["probability"], f"stage '{self.id}'"
        boundary = probability_of(volume, "boundary", where)
        pitch = options["pixel_pitch"] or (1.0,) * boundary.ndim
        if options["use_spacing"]:
            pitch = spacing_of(volume.grid, where)
        if len(pitch) != boundary.ndim:
            raise ParameterError(f"{where}: 'pixel_pitch' has {len(pitch)} entries for the axes {volume.grid.axes}")
        stacked = options["stacked"] and boundary.ndim == 3
        chosen = WatershedOptions(
            threshold=options["threshold"],
            sigma_seeds=options["sigma_seeds"],
            sigma_weights=options["sigma_weights"],
            alpha=options["alpha"],
            min_size=options["min_size"],
            pitch=tuple(pitch[1:] if stacked else pitch),
        )
        return labels_on((stacked_superpixels if stacked else superpixels)(boundary, chosen), volume)
