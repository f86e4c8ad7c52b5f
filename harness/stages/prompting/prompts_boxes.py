"""The stage `prompts-boxes`: a box for each object of a label image, grown or shrunk."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from harness.model import Volume
from harness.parameters import option
from harness.stages.contract import Context
from harness.stages.prompting.outlines import ObjectOptions, ObjectPrompts, pixels_per_side
from harness.stages.prompting.planes import lifted
from harness.stages.values import Prompts


class PromptsBoxes(ObjectPrompts):
    """The half-open bounding box of each object, moved outwards on every side and clipped to the image.

    In a volume each plane has boxes of its own, which carry the object's id. A box that shrinking leaves without a
    pixel asks for nothing: it is dropped and counted in the record.
    """

    id = "prompts-boxes"
    title = "Boxes of a label image"
    citation = "Part of this package"

    class Options(ObjectOptions):
        grow_px: tuple[int, ...] = option((0,), "added on each side, for Y and X; below 0 shrinks", unit="px")
        grow_um: float = option(0.0, "the same in micrometres, added to it", unit="um")

    options: Options

    def run(self, inputs: Mapping[str, Any], context: Context) -> Prompts:
        """Return one box per object and plane; reports "boxes" and "vanished"."""
        labels: Volume = inputs[self.options.of]
        grid, options = labels.grid, self.options
        margin = pixels_per_side(options.grow_px, options.grow_um, grid, self.where)
        size, ndim = np.array(grid.shape[-2:]), len(grid.shape)
        boxes, objects, vanished = [], [], 0
        for plane, found in options.objects(labels, self.where):
            for outline in found:
                low, high = np.maximum(outline.low - margin, 0), np.minimum(outline.high + margin, size)
                if (low >= high).any():
                    vanished += 1
                    continue
                boxes.append((lifted(low.tolist(), plane, ndim), lifted(high.tolist(), plane + 1, ndim)))
                objects.append(outline.id)
        context.report("boxes", len(boxes))
        context.report("vanished", vanished)
        made = Prompts.of(grid)
        return Prompts(
            grid,
            boxes=np.array(boxes, dtype=np.float64).reshape(-1, 2, ndim),
            box_objects=np.array(objects, dtype=np.int64),
            points=made.points,
            point_objects=made.point_objects,
            point_labels=made.point_labels,
        )
