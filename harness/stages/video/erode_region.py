"""A region without its rim."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from harness.model import Volume
from harness.parameters import StageOptions, option
from harness.stages.arrays import labels_on
from harness.stages.contract import Context, Stage


class ErodeRegion(Stage):
    """Take away from the region, plane by plane, what lies near its edge: the ring of a well is no object."""

    id = "erode-region"
    title = "Region without its rim"
    inputs = ("region",)
    outputs = ("region",)
    needs = ("scipy",)
    licence = "MIT"
    citation = "Part of this package"

    class Options(StageOptions):
        pixels: float = option(4.0, "how far from the edge", unit="px", ge=0.0)

    options: Options

    def run(self, inputs: Mapping[str, Volume], context: Context) -> Volume:
        """Return the region (uint8 0 and 1, (Z)YX); what touches the border of the image is not near an edge there."""
        from scipy.ndimage import distance_transform_edt

        volume = inputs["region"]
        planes = (volume.array != 0).reshape(-1, *volume.array.shape[-2:])
        kept = [plane if plane.all() else distance_transform_edt(plane) > self.options.pixels for plane in planes]
        return labels_on(np.stack(kept).reshape(volume.array.shape).astype(np.uint8), volume)
