"""An embedding moved by as little as rounding moves it, to see what of a clustering hangs on that."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from harness.model import Volume
from harness.parameters import StageOptions, option
from harness.stages.contract import Context, Stage
from harness.stages.embedding.vectors import vectors_of


class JitterEmbedding(Stage):
    """Add normal noise to every value of the embedding.

    How far a clustering agrees with itself before and after is the most that can be asked of another program for the
    same clustering. The default moves most values of an embedding that lies about 0, as that of `pca` does, by a few
    steps of float32: enough to decide between lengths that are equal but for rounding.
    """

    id = "jitter-embedding"
    title = "Noise on the embedding"
    inputs = ("embedding",)
    outputs = ("embedding",)
    licence = "MIT"
    citation = "Part of this package"
    cacheable = False

    class Options(StageOptions):
        amplitude: float = option(
            1e-7, "standard deviation of the noise, in standard deviations of all values of the embedding", ge=0.0
        )

    options: Options

    def run(self, inputs: Mapping[str, Volume], context: Context) -> Volume:
        """Return the embedding (float32, C(Z)YX) with noise; a constant one has no scale and stays as it is.

        Raises `DataError` for values that are not finite.
        """
        volume = inputs["embedding"]
        vectors = vectors_of(volume, f"{self.where}: embedding")
        scale = self.options.amplitude * float(vectors.std(dtype=np.float64))
        moved = (vectors + context.rng().normal(0.0, scale, vectors.shape)).astype(np.float32)
        array = np.ascontiguousarray(moved.T).reshape(-1, *volume.grid.shape)
        return Volume(array, f"C{volume.grid.axes}", volume.spacing_um, volume.channels)
