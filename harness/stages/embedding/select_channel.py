"""One channel of an embedding as an image, for what works on images."""

from __future__ import annotations

from collections.abc import Mapping

from harness.errors import DataError
from harness.model import Volume
from harness.parameters import StageOptions, option
from harness.stages.contract import Context, Stage
from harness.stages.examples import channels_first


class SelectChannel(Stage):
    """Hand one dimension of the embedding on as the image; after `pca` it is a component."""

    id = "select-channel"
    title = "One channel of the embedding"
    inputs = ("embedding",)
    outputs = ("image",)
    licence = "MIT"
    citation = "Part of this package"
    cacheable = False

    class Options(StageOptions):
        number: int = option(1, "which channel; 1 is the first", ge=1)

    options: Options

    def run(self, inputs: Mapping[str, Volume], context: Context) -> Volume:
        """Return the channel (float32, (Z)YX); raises `DataError` if the embedding has fewer."""
        volume, number = inputs["embedding"], self.options.number
        array = channels_first(volume, f"{self.where}: embedding")
        if number > len(array):
            raise DataError(
                f"{self.where}: no channel {number} of an embedding with {len(array)}; accepted: 1 to {len(array)}"
            )
        name = volume.channels[number - 1] if volume.channels else str(number)
        return Volume(array[number - 1], volume.grid.axes, volume.spacing_um, (name,))
