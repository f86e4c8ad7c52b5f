"""Grey values as integers, for metrics that read values from a label image."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from harness.errors import DataError
from harness.model import Volume
from harness.parameters import StageOptions, option
from harness.stages.arrays import labels_on
from harness.stages.contract import Context, Stage
from harness.stages.examples import channels_first


class ImageToLevels(Stage):
    """Round an image of one channel to equal steps between its least and its greatest value.

    Ratios of variances are those of the image, up to the rounding. It is no segmentation: of metrics only those that
    read values, such as `snr.instances`, say something of it.
    """

    id = "image-to-levels"
    title = "Grey values as integer levels"
    licence = "MIT"
    citation = "Part of this package"
    cacheable = False

    class Options(StageOptions):
        levels: int = option(4096, "how many levels there are", ge=2, le=65536)

    options: Options

    def run(self, inputs: Mapping[str, Volume], context: Context) -> Volume:
        """Return levels (uint32, (Z)YX) 1 … n, all 1 for a constant image; raises `DataError` for several channels."""
        volume = inputs["image"]
        array = channels_first(volume, self.where)
        if len(array) != 1:
            raise DataError(f"{self.where}: the image has {len(array)} channels; accepted: one (see `select-channel`)")
        values = array[0].astype(np.float64)
        low, high = float(values.min()), float(values.max())
        scaled = (values - low) * ((self.options.levels - 1) / (high - low)) if high > low else np.zeros_like(values)
        return labels_on(1 + np.rint(scaled).astype(np.uint32), volume)
