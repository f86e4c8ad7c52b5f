"""No object at all: what a method scores that finds nothing."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from harness.model import Volume
from harness.stages.arrays import labels_on
from harness.stages.contract import Context, Stage


class Empty(Stage):
    """Return a label image of zeros."""

    id = "empty"
    title = "Nothing found"
    licence = "MIT"
    citation = "Control of this package"
    cacheable = False

    def run(self, inputs: Mapping[str, Volume], context: Context) -> Volume:
        """Return zeros (uint32) on the grid of the image."""
        image = inputs["image"]
        return labels_on(np.zeros(image.grid.shape, dtype=np.uint32), image)
