"""A toy of promptable segmentation in one file: encode, prompts from a label image, decode, masks to labels.

The "network" is a threshold inside each box: what matters is that features, prompts and masks pass from stage to stage.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from harness import Context, Features, Masks, Parameter, Prompts, Stage, Volume


class ToyEncode(Stage):
    """Block means of the image: features at a quarter of its resolution."""

    id = "toy-encode"
    title = "Encode"
    outputs = ("features",)

    def run(self, inputs: Mapping[str, Any], context: Context) -> Features:
        """Return float32 features (1, …, Y / 4, X / 4)."""
        image: Volume = inputs["image"]
        array = image.array.astype(np.float32)
        return Features(array[..., ::4, ::4].copy(), image.grid, {"step": 4})


def prompts_of(labels: Volume) -> Prompts:
    """Return the bounding box of each object, and its first voxel as a point inside it."""
    boxes, points = {}, []
    for number in np.unique(labels.array[labels.array > 0]).tolist():
        where = np.argwhere(labels.array == number)
        boxes[number] = (where.min(axis=0).tolist(), (where.max(axis=0) + 1).tolist())
        points.append((number, (where[0] + 0.5).tolist(), True))
    return Prompts.of(labels.grid, boxes=boxes, points=points)


class ToyPrompts(Stage):
    """Boxes of the objects of a second label image."""

    id = "toy-prompts"
    title = "Prompts from nuclei"
    inputs = ("nuclei",)
    outputs = ("prompts",)

    def run(self, inputs: Mapping[str, Any], context: Context) -> Prompts:
        """Return a box and a point per nucleus."""
        return prompts_of(inputs["nuclei"])


class ToyTruePrompts(Stage):
    """Boxes of the true objects, as promptable networks are evaluated."""

    id = "toy-true-prompts"
    title = "Prompts from the truth"
    inputs = ("truth",)
    outputs = ("prompts",)
    uses_truth = "prompts"

    def run(self, inputs: Mapping[str, Any], context: Context) -> Prompts:
        """Return a box and a point per true object."""
        return prompts_of(inputs["truth"])


class ToyDecode(Stage):
    """A mask per prompted box: what is brighter than a level of the features' range."""

    id = "toy-decode"
    title = "Decode"
    inputs = ("image", "features", "prompts")
    outputs = ("masks",)
    parameters = (Parameter("level", "float", 0.3, "level between the extremes", minimum=0.0, maximum=1.0),)

    def run(self, inputs: Mapping[str, Any], context: Context) -> Masks:
        """Return one mask per box, scored by its share of the box."""
        features, prompts, image = inputs["features"].array, inputs["prompts"], inputs["image"]
        level = features.min() + self.options["level"] * (features.max() - features.min())
        array = image.array[0] if "C" in image.axes else image.array
        masks, scores = [], []
        for lower, upper in prompts.boxes.astype(int):
            box = tuple(slice(first, last) for first, last in zip(lower, upper, strict=True))
            mask = np.zeros(array.shape, dtype=bool)
            mask[box] = array[box] > level
            masks.append(mask)
            scores.append(float(mask[box].mean()))
        return Masks.of(prompts.grid, masks, scores=scores, objects=prompts.box_objects.tolist())


class ToyMasksToLabels(Stage):
    """Labels from masks that overlap: the better score wins."""

    id = "toy-masks-to-labels"
    title = "Masks to labels"
    inputs = ("masks",)

    def run(self, inputs: Mapping[str, Any], context: Context) -> Volume:
        """Return uint32 labels on the grid of the masks."""
        masks: Masks = inputs["masks"]
        labels = np.zeros(masks.grid.shape, dtype=np.uint32)
        for number in np.argsort(masks.scores, kind="stable").tolist():
            labels[masks.mask(number)] = masks.objects[number]
        return Volume(labels, masks.grid.axes, masks.grid.spacing_um)
