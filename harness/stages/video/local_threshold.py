"""Objects of single frames: darker, or brighter, than their surroundings."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from harness.model import Volume
from harness.parameters import StageOptions, option
from harness.stages.arrays import channel_of, drop_small, labels_on, require_same_grid
from harness.stages.contract import Context, Stage


class LocalThreshold(Stage):
    """Compare each pixel of a frame with the weighted mean around it, and number the connected parts of the frame."""

    id = "local-threshold"
    title = "Local threshold of frames"
    inputs = ("image", "region")
    outputs = ("frame-objects",)
    needs = ("scipy",)
    dimensions = (3,)
    licence = "MIT"
    citation = "Bradley and Roth 2007, doi:10.1080/2151237X.2007.10129236"

    class Options(StageOptions):
        channel: str = option("", "image channel; empty = the only one")
        block: int = option(51, "side of the surroundings", unit="px", ge=3)
        offset: float = option(0.1, "least difference from the surroundings, as a share of them", ge=0.0, le=1.0)
        bright: bool = option(False, "objects are brighter than their surroundings")
        sigma: float = option(1.0, "Gaussian smoothing of each frame before", unit="px", ge=0.0)
        min_size: int = option(20, "smaller parts of a frame are dropped", unit="px", ge=0)

    options: Options

    def run(self, inputs: Mapping[str, Volume], context: Context) -> Volume:
        """Return the objects of each frame (uint32, ZYX, ids from 1 in every frame, 0 none); a frame may be empty.

        Surroundings are those within the region: what lies outside of it, such as the rim of a well, counts nowhere.
        """
        from scipy.ndimage import label

        require_same_grid(inputs, self.where)
        options = self.options
        region = inputs["region"].array != 0
        objects = np.zeros(region.shape, dtype=np.uint32)
        for number, frame in enumerate(channel_of(inputs["image"], options.channel, self.where)):
            smooth = _mean_within(frame, region[number], options.sigma) if options.sigma else frame
            around = _mean_within(frame, region[number], options.block / 6)
            apart = smooth - around if options.bright else around - smooth
            parts, _ = label(region[number] & (apart > options.offset * np.abs(around)))
            objects[number] = drop_small(parts, options.min_size)
        return labels_on(objects, inputs["image"])


def _mean_within(frame: np.ndarray, region: np.ndarray, sigma: float) -> np.ndarray:
    """Return the Gaussian mean of the pixels of a region around each pixel (float32); 0 where the region is far."""
    from scipy.ndimage import gaussian_filter

    weight = gaussian_filter(region.astype(np.float32), sigma)
    total = gaussian_filter(np.where(region, frame, 0).astype(np.float32), sigma)
    return np.asarray(np.divide(total, weight, out=np.zeros_like(total), where=weight > 1e-6))
