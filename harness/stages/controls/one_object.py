"""The whole image as one object: what a method scores that separates nothing."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from harness.model import Volume
from harness.stages.arrays import labels_on
from harness.stages.contract import Context, Stage


class OneObject(Stage):
    """Return a label image of ones."""

    id = "one-object"
    title = "Whole image as one object"
    licence = "MIT"
    citation = "Control of this package"
    cacheable = False

    def run(self, inputs: Mapping[str, Volume], context: Context) -> Volume:
        """Return ones (uint32) on the grid of the image."""
        image = inputs["image"]
        return labels_on(np.ones(image.grid.shape, dtype=np.uint32), image)
