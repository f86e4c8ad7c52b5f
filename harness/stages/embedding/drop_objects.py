"""Removal of objects by size and shape."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from harness.model import Volume
from harness.parameters import StageOptions, option
from harness.stages.arrays import compact, drop_small, labels_on
from harness.stages.contract import Context, Stage


def hollow_objects(labels: np.ndarray, ratio: float) -> np.ndarray:
    """Return the ids whose area without holes is above `ratio` times their area; labels are uint32, ids 1 … n.

    A hole is what the object encloses, whatever lies in it; an object in several parts is taken as one.
    """
    from scipy.ndimage import binary_fill_holes, find_objects

    sizes = np.bincount(labels.ravel(), minlength=1)
    found = []
    for number, box in enumerate(find_objects(labels), start=1):
        extent = [part.stop - part.start for part in box]
        if np.prod(extent) <= ratio * sizes[number] or min(extent) < 3:
            continue  # even its whole box would not do, or nothing can be enclosed
        filled = binary_fill_holes(labels[box] == number)
        if int(filled.sum()) > ratio * sizes[number]:
            found.append(number)
    return np.array(found, dtype=np.int64)


class DropObjects(Stage):
    """Set small and hollow objects to 0: fragments along borders, and instances that surround others.

    Sizes are those of labels, not of connected parts: an object that another one cuts in two is one.
    """

    id = "drop-objects"
    title = "Without small and hollow objects"
    inputs = ("labels",)
    needs = ("scipy",)
    licence = "MIT"
    citation = "Part of this package"

    class Options(StageOptions):
        min_size: int = option(200, "smaller objects are dropped; 0 = none", unit="px", ge=0)
        hollow: float = option(
            0.0, "objects are dropped whose filled area is above so many times their area; 0 = none", ge=0.0
        )

    options: Options

    def run(self, inputs: Mapping[str, Volume], context: Context) -> Volume:
        """Return labels (uint32, ids 1 … n, 0 background)."""
        volume, options = inputs["labels"], self.options
        labels = drop_small(compact(volume.array), options.min_size)
        if options.hollow:
            labels[np.isin(labels, hollow_objects(labels, options.hollow))] = 0
        return labels_on(compact(labels), volume)
