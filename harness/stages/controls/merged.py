"""The truth with neighbours merged: what under-segmentation costs."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from harness.model import Volume
from harness.parameters import StageOptions, option
from harness.stages.arrays import compact, labels_on
from harness.stages.contract import Context, Stage
from harness.stages.controls.pairs import neighbour_pairs


class Merged(Stage):
    """Give each of a seeded share of the pairs of nearest true objects one common id."""

    id = "merged"
    title = "Truth, neighbours merged"
    inputs = ("truth",)
    uses_truth = "control"
    needs = ("scipy",)
    licence = "MIT"
    citation = "Control of this package"

    class Options(StageOptions):
        fraction: float = option(1.0, "share of the pairs that are merged", ge=0.0, le=1.0)

    options: Options

    def run(self, inputs: Mapping[str, Volume], context: Context) -> Volume:
        """Return labels (uint32, (Z)YX, 0 background); which pairs are merged depends on the seed only."""
        options = self.options
        truth = inputs["truth"]
        labels = compact(truth.array)
        pairs = neighbour_pairs(labels, truth.grid.anisotropy)
        picked = round(options.fraction * len(pairs))
        names = np.arange(int(labels.max(initial=0)) + 1, dtype=np.uint32)
        for index in context.rng().permutation(len(pairs))[:picked]:
            low, high = pairs[index]
            names[high] = low
        return labels_on(compact(names[labels]), truth)
