"""Superpixels by a watershed of the distance to the boundary."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

from pydantic import model_validator

from harness.errors import ParameterError
from harness.model import Volume
from harness.parameters import StageOptions, option
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
    needs = ("bioimage_cpp", "scipy")
    extra = "graph"
    licence = "MIT"
    citation = "Beier et al. 2017, doi:10.1038/nmeth.4151; Wolny et al. 2020, doi:10.7554/eLife.57613"

    class Options(StageOptions):
        threshold: float = option(0.4, "voxels above it are boundary", ge=0.0, le=1.0)
        min_size: int = option(50, "smaller superpixels are removed and regrown over", unit="px", ge=0)
        sigma_seeds: float = option(2.0, "Gaussian smoothing of the distances", unit="px", ge=0.0)
        sigma_weights: float = option(0.0, "Gaussian smoothing of the flooded map", unit="px", ge=0.0)
        alpha: float = option(1.0, "share of the map in what is flooded, the rest is distance", ge=0.0, le=1.0)
        pixel_pitch: tuple[float, ...] = option(
            (), "voxel size per axis for the distances; [] = 1 along every axis", ge=1e-6
        )
        use_spacing: bool = option(False, "take the pixel pitch from the data's spacing")
        stacked: bool = option(False, "flood every Z plane by itself")

        @model_validator(mode="after")
        def _one_pitch(self) -> Self:
            if self.pixel_pitch and self.use_spacing:
                raise ValueError("'pixel_pitch' and 'use_spacing' are both given; accepted: one of them")
            return self

    options: Options

    def run(self, inputs: Mapping[str, Volume], context: Context) -> Volume:
        """Return superpixels (uint32, (Z)YX, ids 1 … n, no 0)."""
        options = self.options
        volume, where = inputs["probability"], self.where
        boundary = probability_of(volume, "boundary", where)
        pitch = options.pixel_pitch or (1.0,) * boundary.ndim
        if options.use_spacing:
            pitch = spacing_of(volume.grid, where)
        if len(pitch) != boundary.ndim:
            raise ParameterError(f"{where}: 'pixel_pitch' has {len(pitch)} entries for the axes {volume.grid.axes}")
        stacked = options.stacked and boundary.ndim == 3
        chosen = WatershedOptions(
            threshold=options.threshold,
            sigma_seeds=options.sigma_seeds,
            sigma_weights=options.sigma_weights,
            alpha=options.alpha,
            min_size=options.min_size,
            pitch=tuple(pitch[1:] if stacked else pitch),
        )
        return labels_on((stacked_superpixels if stacked else superpixels)(boundary, chosen), volume)
