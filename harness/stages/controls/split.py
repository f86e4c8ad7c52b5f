"""The truth with objects cut in two: what over-segmentation costs."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from harness.model import Volume
from harness.parameters import StageOptions, option
from harness.stages.arrays import compact, labels_on
from harness.stages.contract import Context, Stage
from harness.stages.controls.pairs import halves


class Split(Stage):
    """Cut a seeded share of the true objects in two halves across their longest axis."""

    id = "split"
    title = "Truth, objects cut in two"
    inputs = ("truth",)
    uses_truth = "control"
    needs = ("scipy",)
    licence = "MIT"
    citation = "Control of this package"

    class Options(StageOptions):
        fraction: float = option(1.0, "share of the objects that are cut", ge=0.0, le=1.0)

    options: Options

    def run(self, inputs: Mapping[str, Volume], context: Context) -> Volume:
        """Return labels (uint32, (Z)YX, 0 background); which objects are cut depends on the seed only."""
        options = self.options
        truth = inputs["truth"]
        labels = compact(truth.array)
        count = int(labels.max(initial=0))
        chosen = np.zeros(count + 1, dtype=bool)
        picked = round(options.fraction * count)
        chosen[context.rng().permutation(count)[:picked] + 1] = True
        return labels_on(halves(labels, truth.grid.anisotropy, chosen), truth)
