"""The stage `planes-apart`: objects of each plane by themselves, found and true, so that planes are scored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from harness.model import Volume
from harness.stages.contract import Context, Stage
from harness.stages.slots import LABELS, TRUTH
from harness.stages.values import Value


def apart(labels: np.ndarray) -> np.ndarray:
    """Return labels ZYX (uint32, numbered from 1 on, plane after plane) in which no id stands on two planes.

    labels  non-negative integers ZYX, 0 is background

    Parts of an object on one plane stay one.
    """
    found = np.zeros(labels.shape, dtype=np.uint32)
    count = 0
    for number, plane in enumerate(labels):
        ids, inverse = np.unique(plane, return_inverse=True)
        is_object = ids > 0
        found[number] = np.where(is_object, count + np.cumsum(is_object), 0)[inverse].reshape(plane.shape)
        count += int(is_object.sum())
    return found


class PlanesApart(Stage):
    """Labels and truth with each plane's objects as objects of their own, beside those of the volume.

    A suite compares the two as a further pair, pooled over the planes. It reads the truth, and rows that use it say so.
    """

    id = "planes-apart"
    title = "Objects of each plane, found and true"
    inputs = (LABELS, TRUTH)
    outputs = ("frame-objects", "reference")
    uses_truth = "control"
    dimensions = (3,)
    licence = "MIT"
    citation = "Part of this package"

    def run(self, inputs: Mapping[str, Any], context: Context) -> Mapping[str, Value]:
        """Return the labels as `frame-objects` and the truth as `reference`, both uint32 ZYX, 0 background."""
        found: dict[str, Value] = {}
        for slot, source in zip(self.outputs, (LABELS, TRUTH), strict=True):
            volume: Volume = inputs[source]
            found[slot] = Volume(apart(volume.array), volume.axes, volume.spacing_um)
        return found
