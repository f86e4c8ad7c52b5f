"""Mutex watershed on the voxels of a boundary map, without superpixels."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from harness.model import Volume
from harness.parameters import StageOptions, option
from harness.stages.arrays import labels_on
from harness.stages.boundary.partition import POST_MINSIZE_HELP
from harness.stages.boundary.regions import probability_of, regrow_small
from harness.stages.contract import Context, Stage


def strongest_between(boundary: np.ndarray, axis: int, steps: int) -> np.ndarray:
    """Return the greatest boundary value from each voxel to the one `steps` before it along an axis, both included.

    Voxels nearer than `steps` to the border see the values up to it.
    """
    strongest = boundary.copy()
    moved, source = np.moveaxis(strongest, axis, 0), np.moveaxis(boundary, axis, 0)
    for step in range(1, min(steps, len(source) - 1) + 1):
        np.maximum(moved[step:], source[:-step], out=moved[step:])
    return strongest


class MutexWatershedPixels(Stage):
    """Direct neighbours attract with 1 - boundary, far ones repel with the strongest boundary between them."""

    id = "mutex-watershed-pixels"
    title = "Mutex watershed (voxels)"
    inputs = ("probability",)
    needs = ("bioimage_cpp",)
    extra = "graph"
    licence = "MIT"
    citation = "Wolf et al. 2021, doi:10.1109/TPAMI.2020.2980827"

    class Options(StageOptions):
        distances: tuple[int, ...] = option((3, 9), "steps of the repulsive edges along each axis", unit="px", ge=2)
        strides: int = option(2, "repulsive edges start at every n-th voxel of each axis", unit="px", ge=1)
        post_minsize: int = option(100, POST_MINSIZE_HELP, unit="px", ge=0)

    options: Options

    def run(self, inputs: Mapping[str, Volume], context: Context) -> Volume:
        """Return labels (uint32, (Z)YX, ids 1 … n, no 0); a step longer than an axis is left out along it."""
        import bioimage_cpp as bic

        options = self.options
        boundary = probability_of(inputs["probability"], "boundary", self.where)
        edges = [(axis, 1) for axis in range(boundary.ndim)]
        edges += [(axis, n) for n in options.distances for axis in range(boundary.ndim) if n < boundary.shape[axis]]
        weights = np.stack([strongest_between(boundary, axis, steps) for axis, steps in edges])
        np.subtract(1, weights[: boundary.ndim], out=weights[: boundary.ndim])
        offsets = [[-steps if axis == other else 0 for other in range(boundary.ndim)] for axis, steps in edges]
        labels = bic.segmentation.mutex_watershed(
            weights, offsets, boundary.ndim, strides=[options.strides] * boundary.ndim
        )
        grown = regrow_small(labels.astype(np.uint32), boundary, options.post_minsize)
        return labels_on(grown, inputs["probability"])
