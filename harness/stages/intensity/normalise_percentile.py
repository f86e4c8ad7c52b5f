"""Percentile normalisation, per channel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

import numpy as np
from pydantic import model_validator

from harness.model import Volume
from harness.parameters import StageOptions, option
from harness.stages.contract import Context, Stage
from harness.stages.examples import channels_first


class NormalisePercentile(Stage):
    """Map the low percentile of each channel to 0 and the high one to 1."""

    id = "normalise-percentile"
    title = "Percentile normalisation"
    outputs = ("image",)
    licence = "MIT"
    citation = "Weigert et al. 2018, doi:10.1038/s41592-018-0216-7"

    class Options(StageOptions):
        low: float = option(1.0, "percentile that becomes 0", unit="%", ge=0.0, le=100.0)
        high: float = option(99.8, "percentile that becomes 1", unit="%", ge=0.0, le=100.0)
        clip: bool = option(False, "cut values off at 0 and 1")

        @model_validator(mode="after")
        def _low_below_high(self) -> Self:
            if self.low >= self.high:
                raise ValueError(f"'low' is {self.low} and 'high' {self.high}; accepted: low < high")
            return self

    options: Options

    def run(self, inputs: Mapping[str, Volume], context: Context) -> Volume:
        """Return float32 with the axes of the image; a channel whose percentiles coincide becomes 0."""
        options = self.options
        image = inputs["image"]
        array = channels_first(image, self.where).copy()
        for channel in array:
            low, high = np.percentile(channel, (options.low, options.high))
            channel -= np.float32(low)
            channel *= np.float32(1 / (high - low) if high > low else 0)
            if options.clip:
                np.clip(channel, 0, 1, out=channel)
        return Volume(array if "C" in image.axes else array[0], image.axes, image.spacing_um, image.channels)
