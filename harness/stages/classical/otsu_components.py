"""Otsu's threshold and connected components."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from harness.model import Volume
from harness.parameters import StageOptions, option
from harness.stages.arrays import channel_of, drop_small, labels_on, sigma_per_axis
from harness.stages.classical.seeds import otsu_mask
from harness.stages.contract import Context, Stage


class OtsuComponents(Stage):
    """Smooth, threshold, label the connected components and drop the small ones."""

    id = "otsu-components"
    title = "Otsu threshold + connected components"
    needs = ("scipy", "skimage")
    licence = "BSD-3-Clause"
    citation = "Otsu 1979, doi:10.1109/TSMC.1979.4310076"

    class Options(StageOptions):
        channel: str = option("", "image channel; empty = the only one")
        sigma: float = option(1.0, "Gaussian smoothing before the threshold, in `unit`", ge=0.0)
        unit: Literal["px", "um"] = option("px", "of sigma: voxels of the finest axis, or micrometres")
        bright: bool = option(True, "objects are brighter than the background")
        connectivity: int = option(1, "1 = voxels that share a face, 2 = an edge, 3 = a corner", ge=1, le=3)
        min_size: int = option(20, "smaller objects are dropped", unit="px", ge=0)

    options: Options

    def run(self, inputs: Mapping[str, Volume], context: Context) -> Volume:
        """Return labels (uint32, (Z)YX, 0 background); a constant image has no object."""
        from scipy.ndimage import gaussian_filter, generate_binary_structure, label

        options = self.options
        image, where = inputs["image"], self.where
        sigma = sigma_per_axis(options.sigma, options.unit, image.grid, where)
        smooth = gaussian_filter(channel_of(image, options.channel, where), sigma, mode="nearest")
        mask = otsu_mask(smooth, bright=options.bright)
        structure = generate_binary_structure(mask.ndim, min(options.connectivity, mask.ndim))
        return labels_on(drop_small(label(mask, structure)[0], options.min_size), image)
