"""Labels of a video that hang together: of each only its largest connected part, if it lasts."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from harness.model import Volume
from harness.parameters import StageOptions, option
from harness.stages.arrays import compact, labels_on
from harness.stages.contract import Context, Stage


class DropDisconnected(Stage):
    """Set to 0 what of a label is not connected with its largest part, and labels that are seen in too few planes.

    Voxels are connected over faces, edges and corners, so through time, too.
    """

    id = "drop-disconnected"
    title = "Without disconnected parts"
    inputs = ("labels",)
    needs = ("scipy",)
    dimensions = (3,)
    licence = "MIT"
    citation = "Part of this package"

    class Options(StageOptions):
        min_planes: int = option(2, "labels seen in fewer planes are dropped; at most the planes there are", ge=1)

    options: Options

    def run(self, inputs: Mapping[str, Volume], context: Context) -> Volume:
        """Return labels (uint32, ids 1 … n, 0 background)."""
        from scipy.ndimage import find_objects, label

        volume = inputs["labels"]
        labels = compact(volume.array)
        least = min(self.options.min_planes, len(labels))
        for number, box in enumerate(find_objects(labels), start=1):
            inside = labels[box] == number
            parts, count = label(inside, np.ones((3,) * labels.ndim))
            largest = int(np.bincount(parts[inside]).argmax()) if count > 1 else 1
            kept = parts == largest
            if int(kept.any(axis=(1, 2)).sum()) < least:
                kept = np.zeros_like(kept)
            labels[box][inside & ~kept] = 0
        return labels_on(compact(labels), volume)
