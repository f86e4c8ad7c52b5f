"""The stage `ultrack`: cells followed by choosing among nested segments, in an interpreter that has the library."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

import numpy as np
from pydantic import model_validator

from harness.errors import DataError
from harness.model import Volume
from harness.parameters import StageOptions, option
from harness.stages.arrays import compact, labels_on
from harness.stages.boundary.regions import probability_of
from harness.stages.contract import Context, Stage


class Ultrack(Stage):
    """Make nested segments of each frame from the boundary map, and choose those that go on through time.

    An integer linear program says which segments are cells and what becomes of them, solved by COIN-OR CBC, which the
    library brings. The first axis is time. All is tissue: a voxel of no chosen segment is 0. A cell that divides ends,
    and its halves are others.
    """

    id = "ultrack"
    title = "Ultrack"
    inputs = ("probability",)
    needs = ("ultrack",)
    extra = "ultrack"
    dimensions = (3,)
    licence = "BSD-3-Clause"
    citation = "Bragantini et al. 2023, arXiv:2308.04526"

    class Options(StageOptions):
        min_area: int = option(
            100, "smaller segments are no cells; what the border leaves of one may be small", unit="px", ge=1
        )
        max_area: int = option(1_000_000, "larger segments are no cells", unit="px", ge=1)
        min_frontier: float = option(0.0, "segments are one where the mean boundary between them is lower", ge=0.0)
        max_distance: float = option(15.0, "how far a cell moves from frame to frame at most", unit="px", ge=0.0)
        max_neighbours: int = option(5, "segments of the next frame that a cell may become", ge=1)
        appear: float = option(-0.001, "gain of a cell that appears", le=0.0)
        disappear: float = option(-0.001, "gain of a cell that disappears", le=0.0)
        divide: float = option(-0.001, "gain of a cell that divides", le=0.0)
        power: float = option(4.0, "exponent of the overlap of two segments, which is the gain of a link", ge=0.0)

        @model_validator(mode="after")
        def _some_area(self) -> Self:
            if self.min_area > self.max_area:
                raise ValueError(
                    f"'min_area' {self.min_area} is above 'max_area' {self.max_area}; accepted: at most {self.max_area}"
                )
            return self

    options: Options

    def run(self, inputs: Mapping[str, Volume], context: Context) -> Volume:
        """Return labels (uint32, ZYX, one id a cell through time, 0 none); raises `DataError` for a single frame."""
        volume, options = inputs["probability"], self.options
        boundary = probability_of(volume, "boundary", self.where)
        if len(boundary) < 2:
            raise DataError(f"{self.where}: a video of {len(boundary)} frame; accepted: two frames or more")

        from ultrack import MainConfig, to_tracks_layer, track, tracks_to_zarr

        settings = MainConfig()
        settings.data_config.working_dir = context.scratch
        settings.segmentation_config.min_area = options.min_area
        settings.segmentation_config.max_area = options.max_area
        settings.segmentation_config.min_frontier = options.min_frontier
        settings.linking_config.max_distance = options.max_distance
        settings.linking_config.max_neighbors = options.max_neighbours
        settings.tracking_config.solver_name = "CBC"
        settings.tracking_config.appear_weight = options.appear
        settings.tracking_config.disappear_weight = options.disappear
        settings.tracking_config.division_weight = options.divide
        settings.tracking_config.power = options.power
        settings.tracking_config.n_threads = context.threads
        track(settings, foreground=np.ones(boundary.shape, np.float32), contours=boundary, overwrite="all")
        tracks, _ = to_tracks_layer(settings)
        found = tracks_to_zarr(settings, tracks, str(context.scratch / "labels.zarr"))
        return labels_on(compact(np.asarray(found[:])), volume)
