"""Probabilities to a mask: voxels at which any, or every one, of some channels is above a level."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Self

import numpy as np
from pydantic import model_validator

from harness.model import Volume
from harness.parameters import StageOptions, option
from harness.stages.arrays import labels_on
from harness.stages.boundary.regions import probability_of
from harness.stages.contract import Context, Stage


class Threshold(Stage):
    """Keep the voxels whose probability lies strictly above a level."""

    id = "threshold"
    title = "Threshold of probabilities"
    inputs = ("probability",)
    outputs = ("surface",)
    licence = "MIT"
    citation = "Part of this package"
    cacheable = False

    class Options(StageOptions):
        of: tuple[str, ...] = option(("foreground",), "channels of the probability")
        rule: Literal["any", "all"] = option("any", "whether one of the channels suffices")
        at: float = option(0.5, "level", ge=0.0, le=1.0)
        makes: str = option("surface", "slot of the result")

        @model_validator(mode="after")
        def _something(self) -> Self:
            if not self.of or not self.makes:
                raise ValueError("'of' and 'makes' must not be empty")
            return self

    options: Options

    def makes(self) -> tuple[str, ...]:
        """Return the slot that `makes` names."""
        return (self.options.makes,)

    def run(self, inputs: Mapping[str, Volume], context: Context) -> Volume:
        """Return the mask (uint8 0 and 1, (Z)YX); raises `DataError` for a channel that is not there."""
        options, volume = self.options, inputs["probability"]
        above = [probability_of(volume, name, self.where) > options.at for name in options.of]
        joined = np.logical_or if options.rule == "any" else np.logical_and
        return labels_on(joined.reduce(above).astype(np.uint8), volume)
