"""The truth grown by some voxels: what a generous outline costs."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from harness.model import Volume
from harness.parameters import StageOptions, option
from harness.stages.arrays import compact, labels_on
from harness.stages.contract import Context, Stage


class Dilated(Stage):
    """Grow every true object into the background; objects stop where they meet."""

    id = "dilated"
    title = "Truth, dilated"
    inputs = ("truth",)
    uses_truth = "control"
    needs = ("skimage",)
    licence = "BSD-3-Clause"
    citation = "scikit-image expand_labels, doi:10.7717/peerj.453"

    class Options(StageOptions):
        pixels: float = option(1.0, "how far, counted in voxels of each axis", unit="px", ge=0.0)

    options: Options

    def run(self, inputs: Mapping[str, Volume], context: Context) -> Volume:
        """Return labels (uint32, (Z)YX, 0 background)."""
        from skimage.segmentation import expand_labels

        truth = inputs["truth"]
        labels = compact(truth.array)
        if labels.any():
            labels = np.asarray(expand_labels(labels, distance=self.options.pixels))
        return labels_on(labels, truth)
