"""Labels that have grown: nuclei dilated to stand for the cells around them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np

from harness.model import Volume
from harness.parameters import StageOptions, option
from harness.stages.arrays import labels_on, spacing_of
from harness.stages.contract import Context, Stage


class GrowLabels(Stage):
    """Give each voxel near an object the label of the nearest one; objects meet half way and overlap nowhere."""

    id = "grow-labels"
    title = "Labels dilated by a distance"
    inputs = ("nuclei",)
    needs = ("skimage",)
    licence = "BSD-3-Clause"
    citation = "scikit-image expand_labels, doi:10.7717/peerj.453"

    class Options(StageOptions):
        of: str = option("nuclei", "slot of the labels")
        makes: str = option("labels", "slot of the result")
        distance: float = option(3.0, "how far they grow, in `unit`", ge=0.0)
        unit: Literal["px", "um"] = option("px", "of the distance: voxels of the finest axis, or micrometres")

    options: Options

    def reads(self) -> tuple[str, ...]:
        """Return the slot that `of` names."""
        return (self.options.of,)

    def makes(self) -> tuple[str, ...]:
        """Return the slot that `makes` names."""
        return (self.options.makes,)

    def run(self, inputs: Mapping[str, Volume], context: Context) -> Volume:
        """Return labels of the dtype they have, (Z)YX; raises `DataError` for "um" where the spacing is unknown."""
        from skimage.segmentation import expand_labels

        volume = inputs[self.options.of]
        steps = spacing_of(volume.grid, self.where) if self.options.unit == "um" else volume.grid.anisotropy
        if not volume.array.any():
            return labels_on(volume.array, volume)
        return labels_on(np.asarray(expand_labels(volume.array, self.options.distance, spacing=steps)), volume)
