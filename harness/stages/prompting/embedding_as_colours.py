"""The stage `embedding-as-colours`: an embedding of three channels as a picture that networks for pictures take."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from harness.errors import DataError
from harness.model import Volume
from harness.stages.contract import Context, Stage

COLOURS = ("red", "green", "blue")


class EmbeddingAsColours(Stage):
    """Three channels in 8 bits with one range for all, so that the first component stays the strongest colour.

    Later stages see it as the image.
    """

    id = "embedding-as-colours"
    title = "Embedding as colours"
    inputs = ("embedding",)
    outputs = ("image",)
    licence = "MIT"
    citation = "Part of this package"

    def run(self, inputs: Mapping[str, Any], context: Context) -> Volume:
        """Return uint8 with axes C(Z)YX; raises `DataError` for another number of channels or values not finite."""
        embedding: Volume = inputs["embedding"]
        array = embedding.array
        if len(array) != len(COLOURS):
            raise DataError(f"{self.where}: the embedding has {len(array)} channels; accepted: 3, as 'pca' makes them")
        if not np.isfinite(array).all():
            raise DataError(f"{self.where}: the embedding holds NaN or infinite values; accepted: finite numbers")
        low, high = float(array.min(initial=np.inf)), float(array.max(initial=-np.inf))
        scaled = (array - low) / (high - low) if high > low else np.zeros_like(array)
        return Volume(np.rint(scaled * 255).astype(np.uint8), embedding.axes, embedding.spacing_um, COLOURS)
