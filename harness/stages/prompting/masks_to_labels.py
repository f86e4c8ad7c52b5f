"""The stage `masks-to-labels`: overlapping masks become one label image by a stated rule."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from harness.errors import DataError
from harness.model import Volume
from harness.parameters import StageOptions, option
from harness.stages.contract import Context, Stage
from harness.stages.slots import CONFIDENCES, LABELS
from harness.stages.values import Confidences, Masks, Value, objects_in

Precedence = Literal["score", "small"]
Ids = Literal["asked", "numbered"]


def painting_order(masks: Masks, precedence: Precedence) -> np.ndarray:
    """Return the numbers of the masks in the order in which they are painted: later ones win.

    score  the better score wins, of equal ones the earlier mask
    small  the smaller mask wins, of equally large ones the later mask
    """
    if precedence == "score":
        return np.argsort(-masks.scores, kind="stable")[::-1]
    return np.argsort(-masks.areas, kind="stable")


class MasksToLabels(Stage):
    """One label image of masks that may overlap, with their scores; how much they overlap stands in the record.

    How `segment-anything` masks become labels is left to its users, so the rule is a parameter. What covers most of a
    plane is taken for background and dropped, whatever its score. A label is as sure as the score of its mask; one of
    several masks, such as those of planes, has the mean of their scores, weighted by their voxels.
    """

    id = "masks-to-labels"
    title = "Labels from masks"
    inputs = ("masks",)
    outputs = (LABELS, CONFIDENCES)
    licence = "MIT"
    citation = "Part of this package"

    class Options(StageOptions):
        precedence: Precedence = option("score", "who wins a pixel: the better score, or the smaller mask")
        ids: Ids = option("asked", "labels: the ids that masks were asked for with, or numbers from 1 on")
        largest_share: float = option(1.0, "masks above this share of a plane are background", ge=0.0, le=1.0)

    options: Options

    def run(self, inputs: Mapping[str, Any], context: Context) -> Mapping[str, Value]:
        """Return labels (uint32, or uint64 where an id asks for it), 0 where no mask is, and how sure each is.

        Reports "masks" (with a voxel), "background_like" (dropped) and "overlap" (share of the covered voxels that
        several masks cover). Raises `DataError` for `ids = "asked"` where a mask was asked for by nobody.
        """
        masks: Masks = inputs["masks"]
        asked = self.options.ids == "asked"
        if asked and len(masks) and int(masks.objects.min()) < 1:
            raise DataError(f'{self.where}: a mask was asked for by nobody; accepted: ids = "numbered"')
        areas = masks.areas
        plane = int(np.prod(masks.grid.shape[-2:]))
        dropped = areas > self.options.largest_share * plane
        highest = int(masks.objects.max(initial=0)) if asked else len(masks)
        kind = np.uint32 if highest <= np.iinfo(np.uint32).max else np.uint64
        labels = np.zeros(int(np.prod(masks.grid.shape)), dtype=kind)
        times = np.zeros(labels.size, dtype=np.uint16)
        kept = [int(n) for n in painting_order(masks, self.options.precedence) if areas[n] and not dropped[n]]
        numbers = {number: label for label, number in enumerate(sorted(kept), start=1)}
        label_of = {number: int(masks.objects[number]) if asked else numbers[number] for number in kept}
        for number, label in label_of.items():
            voxels = masks.voxels(number)
            labels[voxels] = label
            times[voxels] += 1
        covered = int(np.count_nonzero(times))
        context.report("masks", len(kept))
        context.report("background_like", int(dropped.sum()))
        context.report("overlap", int(np.count_nonzero(times > 1)) / covered if covered else 0.0)
        scores = _scores(masks, label_of)
        return {
            LABELS: Volume(labels.reshape(masks.grid.shape), masks.grid.axes, masks.grid.spacing_um),
            CONFIDENCES: Confidences.of(masks.grid, {label: scores[label] for label in objects_in(labels).tolist()}),
        }


def _scores(masks: Masks, labels: Mapping[int, int]) -> dict[int, float]:
    """Return the score of each label from the labels of masks by their numbers."""
    parts: dict[int, list[int]] = defaultdict(list)
    for number, label in labels.items():
        parts[label].append(number)
    areas = masks.areas
    return {
        label: float(np.average(masks.scores[own], weights=areas[own]) if len(own) > 1 else masks.scores[own[0]])
        for label, own in parts.items()
    }
