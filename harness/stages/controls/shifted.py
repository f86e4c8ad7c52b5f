"""The truth moved by some voxels: what a registration or half-voxel mistake costs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np

from harness.errors import DataError
from harness.model import Volume
from harness.parameters import StageOptions, option
from harness.stages.arrays import labels_on
from harness.stages.contract import Context, Stage


class Shifted(Stage):
    """Move the truth along one axis; what enters at the border is background, what leaves is lost."""

    id = "shifted"
    title = "Truth, shifted"
    inputs = ("truth",)
    uses_truth = "control"
    licence = "MIT"
    citation = "Control of this package"

    class Options(StageOptions):
        pixels: int = option(2, "how far, towards higher indices if positive", unit="px")
        axis: Literal["Z", "Y", "X"] = option("X", "along which axis")

    options: Options

    def run(self, inputs: Mapping[str, Volume], context: Context) -> Volume:
        """Return labels of the truth's dtype, (Z)YX; raises `DataError` for axis Z of a 2D image."""
        options = self.options
        truth, name, pixels = inputs["truth"], options.axis, options.pixels
        if name not in truth.axes:
            raise DataError(f"{self.where}: the truth has axes {truth.axes} and no {name}")
        shifted = np.zeros_like(truth.array)
        source, target = (np.moveaxis(array, truth.axes.index(name), 0) for array in (truth.array, shifted))
        length = max(len(source) - abs(pixels), 0)
        start = min(max(pixels, 0), len(source))
        origin = min(max(-pixels, 0), len(source))
        target[start : start + length] = source[origin : origin + length]
        return labels_on(shifted, truth)
