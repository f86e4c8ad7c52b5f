"""The truth with outlines that are one voxel off: what a second careful look at the same image would get."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from harness.model import Volume
from harness.parameters import StageOptions, option
from harness.stages.arrays import compact, labels_on
from harness.stages.contract import Context, Stage


class Jittered(Stage):
    """Grow half of the true objects and shrink the others, drawn at random, by some voxels.

    Objects grow into the background only; one that would vanish keeps its voxels. A method that scores better than
    this agrees with the truth beyond what an outline can be trusted.
    """

    id = "jittered"
    title = "Truth, outlines moved by one voxel"
    inputs = ("truth",)
    uses_truth = "control"
    needs = ("skimage",)
    licence = "BSD-3-Clause"
    citation = "scikit-image expand_labels, doi:10.7717/peerj.453"
    cacheable = False

    class Options(StageOptions):
        pixels: int = option(1, "how far outlines move, counted in voxels of each axis", unit="px", ge=0)

    options: Options

    def run(self, inputs: Mapping[str, Volume], context: Context) -> Volume:
        """Return labels (uint32, (Z)YX, 0 background)."""
        from skimage.segmentation import expand_labels

        truth = inputs["truth"]
        labels = compact(truth.array)
        count = int(labels.max(initial=0))
        if not count or not self.options.pixels:
            return labels_on(labels, truth)
        shrinks = np.concatenate([[False], context.rng().random(count) < 0.5])
        core = np.where(_depth_is_above(labels, self.options.pixels), labels, 0)
        survives = np.bincount(core.ravel(), minlength=count + 1) > 0
        shrunk = np.where(shrinks[labels] & survives[labels], core, labels)
        grown = np.asarray(expand_labels(labels, distance=self.options.pixels))
        is_growth = (labels == 0) & (grown > 0) & ~shrinks[grown]
        return labels_on(np.where(is_growth, grown, shrunk), truth)


def _depth_is_above(labels: np.ndarray, steps: int) -> np.ndarray:
    """Return which voxels are farther than some steps, along the axes, from any other label; borders are none."""
    from scipy.ndimage import binary_dilation, generate_binary_structure

    edge = np.zeros(labels.shape, bool)
    for axis in range(labels.ndim):
        rows, at = np.moveaxis(labels, axis, 0), np.moveaxis(edge, axis, 0)
        differs = rows[1:] != rows[:-1]
        at[1:] |= differs
        at[:-1] |= differs
    if steps > 1:
        edge = binary_dilation(edge, generate_binary_structure(labels.ndim, 1), iterations=steps - 1)
    return ~edge
