"""Otsu's threshold and connected components."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.model import Volume
from harness.parameters import Parameter
from harness.stages.arrays import channel_of, drop_small, labels_on, sigma_per_axis
from harness.stages.classical.seeds import otsu_mask
from harness.stages.contract import Context, Stage


class OtsuComponents(Stage):
    """Smooth, threshold, label the connected components and drop the small ones."""

    id = "otsu-components"
    title = "Otsu threshold + connected components"
    parameters = (
        Parameter("channel", "str", "", "image channel; empty = the only one"),
        Parameter("sigma", "float", 1.0, "Gaussian smoothing before the threshold, in `unit`", minimum=0.0),
        Parameter("unit", "str", "px", "of sigma: voxels of the finest axis, or micrometres", choices=("px", "um")),
        Parameter("bright", "bool", True, "objects are brighter than the background"),
        Parameter(
            "connectivity", "int", 1, "1 = voxels that share a face, 2 = an edge, 3 = a corner", minimum=1, maximum=3
        ),
        Parameter("min_size", "int", 20, "smaller objects are dropped", "px", minimum=0),
    )
    needs = ("scipy", "skimage")
    licence = "BSD-3-Clause"
    citation = "Otsu 1979, doi:10.1109/TSMC.1979.4310076"

    def run(self, inputs: Mapping[str, Volume], context: Context) -> Volume:
        """Return labels (uint32, (Z)YX, 0 background); a constant image has no object."""
        from scipy.ndimage import gaussian_filter, generate_binary_structure, label

        options: Mapping[str, Any] = self.options
        image, where = inputs["image"], f"stage '{self.id}'"
        sigma = sigma_per_axis(options["sigma"], options["unit"], image.grid, where)
        smooth = gaussian_filter(channel_of(image, options["channel"], where), sigma, mode="nearest")
        mask = otsu_mask(smooth, bright=options["bright"])
        structure = generate_binary_structure(mask.ndim, min(options["connectivity"], mask.ndim))
        return labels_on(drop_small(label(mask, structure)[0], options["min_size"]), image)
