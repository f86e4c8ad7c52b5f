"""Smoothing, threshold and a watershed of the distance transform."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.model import Volume
from harness.parameters import Parameter
from harness.stages.arrays import channel_of, labels_on, sigma_per_axis
from harness.stages.classical.seeds import flood, maxima, otsu_mask
from harness.stages.contract import Context, Stage


class DistanceWatershed(Stage):
    """Separate touching objects at their waists: seeds are the maxima of the smoothed distance to the background.

    Distances respect the anisotropy of the voxels.
    """

    id = "distance-watershed"
    title = "Otsu threshold + distance-transform watershed"
    parameters = (
        Parameter("channel", "str", "", "image channel; empty = the only one"),
        Parameter("sigma", "float", 1.0, "Gaussian smoothing of the image, in `unit`", minimum=0.0),
        Parameter("sigma_seeds", "float", 2.0, "Gaussian smoothing of the distances, in `unit`", minimum=0.0),
        Parameter(
            "unit", "str", "px", "of both sigmas: voxels of the finest axis, or micrometres", choices=("px", "um")
        ),
        Parameter("bright", "bool", True, "objects are brighter than the background"),
        Parameter("min_size", "int", 20, "smaller objects are dropped", "px", minimum=0),
    )
    needs = ("scipy", "skimage")
    licence = "BSD-3-Clause"
    citation = "Vincent & Soille 1991, doi:10.1109/34.87344"

    def run(self, inputs: Mapping[str, Volume], context: Context) -> Volume:
        """Return labels (uint32, (Z)YX, 0 background); a constant image has no object."""
        from scipy.ndimage import distance_transform_edt, gaussian_filter

        options: Mapping[str, Any] = self.options
        image, where = inputs["image"], f"stage '{self.id}'"
        sigma, blur = (
            sigma_per_axis(options[name], options["unit"], image.grid, where) for name in ("sigma", "sigma_seeds")
        )
        smooth = gaussian_filter(channel_of(image, options["channel"], where), sigma, mode="nearest")
        mask = otsu_mask(smooth, bright=options["bright"])
        distance = distance_transform_edt(mask, sampling=image.grid.anisotropy).astype("float32")
        height = gaussian_filter(distance, blur, mode="nearest")
        return labels_on(flood(height, maxima(height, mask), mask, options["min_size"]), image)
