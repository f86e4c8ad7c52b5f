"""Percentile normalisation, per channel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from harness.errors import ParameterError
from harness.model import Volume
from harness.parameters import Parameter
from harness.stages.contract import Context, Stage
from harness.stages.examples import channels_first


class NormalisePercentile(Stage):
    """Map the low percentile of each channel to 0 and the high one to 1."""

    id = "normalise-percentile"
    title = "Percentile normalisation"
    outputs = ("image",)
    parameters = (
        Parameter("low", "float", 1.0, "percentile that becomes 0", "%", minimum=0.0, maximum=100.0),
        Parameter("high", "float", 99.8, "percentile that becomes 1", "%", minimum=0.0, maximum=100.0),
        Parameter("clip", "bool", False, "cut values off at 0 and 1"),
    )
    licence = "MIT"
    citation = "Weigert et al. 2018, doi:10.1038/s41592-018-0216-7"

    def check(self, where: str) -> None:
        """Raise `ParameterError` unless low < high."""
        options: Mapping[str, Any] = self.options
        if options["low"] >= options["high"]:
            raise ParameterError(
                f"{where}: 'low' is {options['low']} and 'high' {options['high']}; accepted: low < high"
            )

    def run(self, inputs: Mapping[str, Volume], context: Context) -> Volume:
        """Return float32 with the axes of the image; a channel whose percentiles coincide becomes 0."""
        options: Mapping[str, Any] = self.options
        image = inputs["image"]
        array = channels_first(image, f"stage '{self.id}'").copy()
        for channel in array:
            low, high = np.percentile(channel, (options["low"], options["high"]))
            channel -= np.float32(low)
            channel *= np.float32(1 / (high - low) if high > low else 0)
            if options["clip"]:
                np.clip(channel, 0, 1, out=channel)
        return Volume(array if "C" in image.axes else array[0], image.axes, image.spacing_um, image.channels)
