"""The stage `best-masks-by-truth`: of the masks of each prompt the one that overlaps best with the truth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from harness.model import Volume
from harness.stages.contract import Context, Stage
from harness.stages.slots import TRUTH
from harness.stages.values import Masks


class BestMasksByTruth(Stage):
    """What somebody who knows the answer would pick of several masks: an upper bound, and no method.

    A mask counts by its IoU with the true object that it overlaps best with.
    """

    id = "best-masks-by-truth"
    title = "Control: the best mask of each prompt, by the truth"
    inputs = ("masks", TRUTH)
    outputs = ("masks",)
    uses_truth = "control"
    licence = "MIT"
    citation = "Part of this package"

    def run(self, inputs: Mapping[str, Any], context: Context) -> Masks:
        """Return one mask per object and plane that was asked for, the first of equally good ones."""
        masks: Masks = inputs["masks"]
        truth: Volume = inputs[TRUTH]
        ids, flat = np.unique(truth.array, return_inverse=True)
        flat, sizes = flat.ravel(), np.bincount(flat.ravel(), minlength=len(ids))
        plane = int(np.prod(masks.grid.shape[-2:]))
        best: dict[tuple[int, int], tuple[float, int]] = {}
        for number in range(len(masks)):
            voxels = masks.voxels(number)
            common = np.bincount(flat[voxels], minlength=len(ids))
            overlaps = common / np.maximum(sizes + len(voxels) - common, 1)
            reached = float(overlaps[ids > 0].max(initial=0.0))
            place = int(voxels[0]) // plane if len(voxels) else -1
            asked = (int(masks.objects[number]), place)
            if asked not in best or reached > best[asked][0]:
                best[asked] = (reached, number)
        chosen = sorted(number for _, number in best.values())
        return taken(masks, chosen)


def taken(masks: Masks, chosen: list[int]) -> Masks:
    """Return some of the masks, in the order given."""
    ends = np.cumsum(masks.runs)
    runs = [np.arange(ends[number] - masks.runs[number], ends[number]) for number in chosen]
    which = np.concatenate([np.zeros(0, dtype=np.int64), *runs])
    return Masks(
        masks.grid,
        starts=masks.starts[which],
        lengths=masks.lengths[which],
        runs=masks.runs[chosen],
        scores=masks.scores[chosen],
        objects=masks.objects[chosen],
    )
