"""Smoothing, threshold and a watershed of the distance transform."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from harness.model import Volume
from harness.parameters import StageOptions, option
from harness.stages.arrays import channel_of, labels_on, sigma_per_axis
from harness.stages.classical.seeds import flood, maxima, otsu_mask
from harness.stages.contract import Context, Stage


class DistanceWatershed(Stage):
    """Separate touching objects at their waists: seeds are the maxima of the smoothed distance to the background.

    Distances respect the anisotropy of the voxels.
    """

    id = "distance-watershed"
    title = "Otsu threshold + distance-transform watershed"
    needs = ("scipy", "skimage")
    licence = "BSD-3-Clause"
    citation = "Vincent & Soille 1991, doi:10.1109/34.87344"

    class Options(StageOptions):
        channel: str = option("", "image channel; empty = the only one")
        sigma: float = option(1.0, "Gaussian smoothing of the image, in `unit`", ge=0.0)
        sigma_seeds: float = option(2.0, "Gaussian smoothing of the distances, in `unit`", ge=0.0)
        unit: Literal["px", "um"] = option("px", "of both sigmas: voxels of the finest axis, or micrometres")
        bright: bool = option(True, "objects are brighter than the background")
        min_size: int = option(20, "smaller objects are dropped", unit="px", ge=0)

    options: Options

    def run(self, inputs: Mapping[str, Volume], context: Context) -> Volume:
        """Return labels (uint32, (Z)YX, 0 background); a constant image has no object."""
        from scipy.ndimage import distance_transform_edt, gaussian_filter

        options = self.options
        image, where = inputs["image"], self.where
        sigma, blur = (
            sigma_per_axis(options[name], options.unit, image.grid, where) for name in ("sigma", "sigma_seeds")
        )
        smooth = gaussian_filter(channel_of(image, options.channel, where), sigma, mode="nearest")
        mask = otsu_mask(smooth, bright=options.bright)
        distance = distance_transform_edt(mask, sampling=image.grid.anisotropy).astype("float32")
        height = gaussian_filter(distance, blur, mode="nearest")
        return labels_on(flood(height, maxima(height, mask), mask, options.min_size), image)
