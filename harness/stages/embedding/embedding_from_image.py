"""Images whose channels are an embedding already: what somebody else's network made, read from a file."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from harness.errors import DataError
from harness.model import Volume
from harness.parameters import StageOptions, option
from harness.stages.contract import Context, Stage
from harness.stages.examples import channels_first


class EmbeddingFromImage(Stage):
    """Take the channels of the image for the embedding, and those with a prefix for its twin."""

    id = "embedding-from-image"
    title = "Channels of the image as embedding"
    outputs = ("embedding", "embedding-twin")
    licence = "MIT"
    citation = "Input of this package"
    cacheable = False

    class Options(StageOptions):
        twin: str = option("", "channels whose names begin so are the embedding of the second view; empty = none")

    options: Options

    def makes(self) -> tuple[str, ...]:
        """Return the embedding, and its twin where channels are named for it."""
        return self.outputs if self.options.twin else self.outputs[:1]

    def run(self, inputs: Mapping[str, Volume], context: Context) -> dict[str, Volume]:
        """Return the embedding (float32, C(Z)YX), and the twin, which has as many channels.

        Raises `DataError` for values that are not finite and for a twin of another number of channels.
        """
        image, twin = inputs["image"], self.options.twin
        array = channels_first(image, self.where)
        names = image.channels or tuple(str(number) for number in range(1, len(array) + 1))
        is_twin = np.array([bool(twin) and name.startswith(twin) for name in names])
        if twin and int(is_twin.sum()) * 2 != len(names):
            raise DataError(
                f"{self.where}: {is_twin.sum()} of the channels {', '.join(names)} begin with '{twin}'; "
                f"accepted: half of {len(names)}"
            )
        made = {"embedding": self._part(array, names, ~is_twin, image)}
        if twin:
            made["embedding-twin"] = self._part(array, names, is_twin, image)
        return made

    def _part(self, array: np.ndarray, names: tuple[str, ...], chosen: np.ndarray, like: Volume) -> Volume:
        kept = tuple(name for name, is_chosen in zip(names, chosen, strict=True) if is_chosen)
        return Volume(array[chosen], f"C{like.grid.axes}", like.spacing_um, kept)
