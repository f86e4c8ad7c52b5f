"""Maps without their grain: a membrane stain as a boundary map is as noisy as the image."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from harness.model import Volume
from harness.parameters import StageOptions, option
from harness.stages.arrays import sigma_per_axis
from harness.stages.contract import Context, Stage


class SmoothMap(Stage):
    """Smooth each channel of the probability, in space or within planes; the image stays as it is."""

    id = "smooth-map"
    title = "Gaussian smoothing of maps"
    inputs = ("probability",)
    outputs = ("probability",)
    needs = ("scipy",)
    licence = "BSD-3-Clause"
    citation = "scipy.ndimage, doi:10.1038/s41592-019-0686-2"

    class Options(StageOptions):
        sigma: float = option(1.0, "standard deviation, in voxels of the finest axis", unit="px", ge=0.0)
        by_plane: bool = option(False, "within each plane of a volume: no frame of a video sees another")

    options: Options

    def run(self, inputs: Mapping[str, Volume], context: Context) -> Volume:
        """Return float32 in [0, 1], axes and channels kept."""
        from scipy.ndimage import gaussian_filter

        volume, options = inputs["probability"], self.options
        sigma = list(sigma_per_axis(options.sigma, "px", volume.grid, self.where))
        if options.by_plane and len(sigma) == 3:
            sigma[0] = 0.0
        maps = [gaussian_filter(channel, sigma, mode="nearest") for channel in volume.array]
        return Volume(np.clip(np.stack(maps), 0, 1).astype(np.float32), volume.axes, volume.spacing_um, volume.channels)
