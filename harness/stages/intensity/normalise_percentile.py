"""Percentile normalisation, per channel."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from harness.model import Volume
from harness.parameters import option
from harness.stages.contract import Context, Stage
from harness.stages.examples import channels_first
from harness.stages.intensity.percentiles import PercentileOptions, stretched


class NormalisePercentile(Stage):
    """Map the low percentile of each channel to 0 and the high one to 1."""

    id = "normalise-percentile"
    title = "Percentile normalisation"
    outputs = ("image",)
    licence = "MIT"
    citation = "Weigert et al. 2018, doi:10.1038/s41592-018-0216-7"

    class Options(PercentileOptions):
        clip: bool = option(False, "cut values off at 0 and 1")

    options: Options

    def run(self, inputs: Mapping[str, Volume], context: Context) -> Volume:
        """Return float32 with the axes of the image; a channel whose percentiles coincide becomes 0."""
        options = self.options
        image = inputs["image"]
        array = np.stack([stretched(one, *options.of(one)) for one in channels_first(image, self.where)])
        if options.clip:
            np.clip(array, 0, 1, out=array)
        return Volume(array if "C" in image.axes else array[0], image.axes, image.spacing_um, image.channels)
