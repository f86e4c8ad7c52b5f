"""Gaussian smoothing, per channel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np

from harness.model import Volume
from harness.parameters import StageOptions, option
from harness.stages.arrays import sigma_per_axis
from harness.stages.contract import Context, Stage
from harness.stages.examples import channels_first


class Gaussian(Stage):
    """Smooth each channel, once or several times; n times with sigma is once with sqrt(n) sigma, up to the borders.

    Borders are repeated.
    """

    id = "gaussian"
    title = "Gaussian smoothing"
    outputs = ("image",)
    needs = ("scipy",)
    licence = "BSD-3-Clause"
    citation = "scipy.ndimage, doi:10.1038/s41592-019-0686-2"

    class Options(StageOptions):
        sigma: float = option(1.0, "standard deviation, in `unit`", ge=0.0)
        unit: Literal["px", "um"] = option("px", "of sigma: voxels of the finest axis, or micrometres")
        times: int = option(1, "how often", ge=1, le=100)

    options: Options

    def run(self, inputs: Mapping[str, Volume], context: Context) -> Volume:
        """Return float32 with the axes of the image; raises `DataError` for "um" where the spacing is unknown."""
        from scipy.ndimage import gaussian_filter

        image = inputs["image"]
        sigma = sigma_per_axis(self.options.sigma, self.options.unit, image.grid, self.where)
        array = channels_first(image, self.where)
        for _ in range(self.options.times):
            array = np.stack([gaussian_filter(channel, sigma, mode="nearest") for channel in array])
        return Volume(array if "C" in image.axes else array[0], image.axes, image.spacing_um, image.channels)
