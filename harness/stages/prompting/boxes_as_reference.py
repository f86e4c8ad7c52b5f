"""The stage `boxes-as-reference`: the boxes of prompts as a label image, to be compared with what came of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from harness.model import Volume
from harness.stages.contract import Context, Stage
from harness.stages.values import Prompts


class BoxesAsReference(Stage):
    """Each box filled with the id of its object, smaller boxes over larger ones, pixels rounded to the nearest.

    Labels that agree with it follow the box and not the image.
    """

    id = "boxes-as-reference"
    title = "Boxes as a reference"
    inputs = ("prompts",)
    outputs = ("reference",)
    licence = "MIT"
    citation = "Part of this package"

    def run(self, inputs: Mapping[str, Any], context: Context) -> Volume:
        """Return labels (uint32), 0 where no box is."""
        prompts: Prompts = inputs["prompts"]
        labels = np.zeros(prompts.grid.shape, dtype=np.uint32)
        corners = np.rint(prompts.boxes).astype(np.int64)
        sizes = np.prod(corners[:, 1] - corners[:, 0], axis=1)
        for number in np.argsort(-sizes, kind="stable").tolist():
            low, high = corners[number]
            place = tuple(slice(first, last) for first, last in zip(low, high, strict=True))
            labels[place] = prompts.box_objects[number]
        return Volume(labels, prompts.grid.axes, prompts.grid.spacing_um)
