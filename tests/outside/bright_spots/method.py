"""A method in one file: everything brighter than a level, in connected components."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from harness import Context, Parameter, Stage, Volume


class BrightSpots(Stage):
    """Connected components above a fraction of the brightest value."""

    id = "bright-spots"
    title = "Bright spots"
    parameters = (Parameter("level", "float", 0.5, "fraction of the maximum", minimum=0.0, maximum=1.0),)
    needs = ("scipy",)
    licence = "MIT"
    citation = "an example"

    def run(self, inputs: Mapping[str, Volume], context: Context) -> Volume:
        """Return uint32 labels, 0 for background."""
        from scipy import ndimage

        image = inputs["image"]
        labels, _ = ndimage.label(image.array > float(self.options["level"]) * float(image.array.max()))
        return Volume(labels.astype(np.uint32), image.axes, image.spacing_um)
