"""The stage `masks-to-labels`: overlapping masks become one label image by a stated rule."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from harness.errors import DataError
from harness.model import Volume
from harness.parameters import StageOptions, option
from harness.stages.contract import Context, Stage
from harness.stages.values import Masks

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
    """One label image of masks that may overlap; how much they do stands in the record.

    How `segment-anything` masks become labels is left to its users, so the rule is a parameter. What covers most of a
    plane is taken for background and dropped, whatever its score.
    """

    id = "masks-to-labels"
    title = "Labels from masks"
    inputs = ("masks",)
    licence = "MIT"
    citation = "Part of this package"

    class Options(StageOptions):
        precedence: Precedence = option("score", "who wins a pixel: the better score, or the smaller mask")
        ids: Ids = option("asked", "labels: the ids that masks were asked for with, or numbers from 1 on")
        largest_share: float = option(1.0, "masks above this share of a plane are background", ge=0.0, le=1.0)

    options: Options

    def run(self, inputs: Mapping[str, Any], context: Context) -> Volume:
        """Return labels (uint32, or uint64 where an id asks for it), 0 where no mask is.

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
        for number in kept:
            voxels = masks.voxels(number)
            labels[voxels] = int(masks.objects[number]) if asked else numbers[number]
            times[voxels] += 1
        covered = int(np.count_nonzero(times))
        context.report("masks", len(kept))
        context.report("background_like", int(dropped.sum()))
        context.report("overlap", int(np.count_nonzero(times > 1)) / covered if covered else 0.0)
        return Volume(labels.reshape(masks.grid.shape), masks.grid.axes, masks.grid.spacing_um)
