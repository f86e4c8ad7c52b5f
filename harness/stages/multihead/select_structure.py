"""One structure of a network with several, for what works on foreground and boundaries."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from harness.errors import DataError, nearest
from harness.model import Volume
from harness.parameters import StageOptions, option
from harness.stages.contract import Context, Stage
from harness.stages.unet.targets import OUTPUTS


class SelectStructure(Stage):
    """Hand the foreground and the boundaries of one structure on as the probability."""

    id = "select-structure"
    title = "One structure of several"
    inputs = ("structures",)
    outputs = ("probability",)
    licence = "MIT"
    citation = "Part of this package"
    cacheable = False

    class Options(StageOptions):
        structure: str = option("truth", "which structure, as the output heads name it")

    options: Options

    def run(self, inputs: Mapping[str, Volume], context: Context) -> Volume:
        """Return float32 C(Z)YX, channels ("foreground", "boundary"); raises `DataError` for an unknown structure."""
        volume, name = inputs["structures"], self.options.structure
        known = list(dict.fromkeys(channel.rsplit(":", 1)[0] for channel in volume.channels))
        if name not in known:
            raise DataError(f"{self.where}: no structure '{name}'{nearest(name, known)}")
        array = np.stack([volume.channel(f"{name}:{output}") for output in OUTPUTS])
        return Volume(array, volume.axes, volume.spacing_um, OUTPUTS)
