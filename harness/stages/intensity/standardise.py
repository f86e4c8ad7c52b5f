"""Standardisation to zero mean and unit variance, per channel."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from harness.model import Volume
from harness.stages.contract import Context, Stage
from harness.stages.examples import channels_first


class Standardise(Stage):
    """Subtract the mean of each channel and divide by its standard deviation (ddof 0)."""

    id = "standardise"
    title = "Zero mean, unit variance"
    outputs = ("image",)
    licence = "MIT"
    citation = "Wolny et al. 2020, doi:10.7554/eLife.57613"

    def run(self, inputs: Mapping[str, Volume], context: Context) -> Volume:
        """Return float32 with the axes of the image; a constant channel becomes 0."""
        image = inputs["image"]
        array = channels_first(image, self.where).copy()
        for channel in array:
            mean, spread = channel.mean(dtype=np.float64), channel.std(dtype=np.float64)
            channel -= np.float32(mean)
            channel *= np.float32(1 / spread if spread > 0 else 0)
        return Volume(array if "C" in image.axes else array[0], image.axes, image.spacing_um, image.channels)
