"""Two channels of an image as one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np

from harness.model import Volume
from harness.parameters import StageOptions, option
from harness.stages.arrays import channel_of
from harness.stages.contract import Context, Stage


class CombineChannels(Stage):
    """Add, subtract, multiply or divide two channels voxel by voxel, or take the greater or the smaller one.

    A quotient is 0 where the divisor is 0, so that no value is infinite.
    """

    id = "combine-channels"
    title = "Two channels as one"
    outputs = ("image",)
    licence = "MIT"
    citation = "PlantSeg 2, image pair operations"

    class Options(StageOptions):
        first: str = option("", "image channel")
        second: str = option("", "image channel")
        operation: Literal["add", "subtract", "multiply", "divide", "max", "min"] = option(
            "add", "of the first and the second"
        )
        name: str = option("combined", "of the channel that is made")

    options: Options

    def run(self, inputs: Mapping[str, Volume], context: Context) -> Volume:
        """Return float32 with axes (Z)YX and one channel; raises `DataError` for a channel that is not there."""
        options, image = self.options, inputs["image"]
        first, second = (channel_of(image, name, self.where) for name in (options.first, options.second))
        if options.operation == "divide":
            array = np.divide(first, second, out=np.zeros_like(first), where=second != 0)
        else:
            functions: dict[str, np.ufunc] = {
                "add": np.add,
                "subtract": np.subtract,
                "multiply": np.multiply,
                "max": np.maximum,
                "min": np.minimum,
            }
            array = functions[options.operation](first, second)
        return Volume(array, image.grid.axes, image.spacing_um, (options.name,))
