"""Median filter, per channel."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from harness.errors import DataError
from harness.model import Volume
from harness.parameters import StageOptions, option
from harness.stages.contract import Context, Stage
from harness.stages.examples import channels_first


class Median(Stage):
    """Replace each voxel by the median of the box around it; borders are mirrored."""

    id = "median"
    title = "Median filter"
    outputs = ("image",)
    needs = ("scipy",)
    licence = "BSD-3-Clause"
    citation = "scipy.ndimage, doi:10.1038/s41592-019-0686-2"

    class Options(StageOptions):
        radius: tuple[int, ...] = option(
            (1,), "voxels on either side, for each spatial axis or one for all", unit="px", ge=0, le=100
        )

    options: Options

    def run(self, inputs: Mapping[str, Volume], context: Context) -> Volume:
        """Return float32 with the axes of the image; raises `DataError` for radii of other axes."""
        from scipy.ndimage import median_filter

        image = inputs["image"]
        axes, radii = image.grid.axes, self.options.radius
        if len(radii) not in (1, len(axes)):
            raise DataError(f"{self.where}: 'radius' is {list(radii)}; accepted: one number, or one for each of {axes}")
        each = radii * len(axes) if len(radii) == 1 else radii
        size = tuple(2 * radius + 1 for radius in each)
        array = np.stack([median_filter(channel, size=size) for channel in channels_first(image, self.where)])
        return Volume(array if "C" in image.axes else array[0], image.axes, image.spacing_um, image.channels)
