"""Where the round well of a video lies, by a Hough transform of its still edges."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from harness.errors import DataError
from harness.model import Volume
from harness.parameters import StageOptions, option
from harness.stages.arrays import channel_of, labels_on
from harness.stages.contract import Context, Stage


class CircleMask(Stage):
    """Find one circle in the median over time, in which what moves is gone, and take its inside in all frames."""

    id = "circle-mask"
    title = "Round well by a Hough transform"
    outputs = ("region",)
    needs = ("skimage",)
    dimensions = (3,)
    licence = "BSD-3-Clause"
    citation = "Duda and Hart 1972, doi:10.1145/361237.361242; scikit-image hough_circle"

    class Options(StageOptions):
        channel: str = option("", "image channel; empty = the only one")
        smallest: float = option(0.3, "least radius over the shorter side of a frame", ge=0.01, le=1.0)
        largest: float = option(0.5, "greatest radius over the shorter side", ge=0.01, le=1.0)
        sigma: float = option(2.0, "smoothing of the edge detector", unit="px", ge=0.0)

    options: Options

    def run(self, inputs: Mapping[str, Volume], context: Context) -> Volume:
        """Return the region (uint8 0 and 1, ZYX), alike in all frames.

        Raises `DataError` where the still image has no edge, so no circle. Reports the radius in pixels.
        """
        from skimage.feature import canny
        from skimage.transform import hough_circle, hough_circle_peaks

        options, image = self.options, inputs["image"]
        video = channel_of(image, options.channel, self.where)
        still = np.median(video, axis=0)
        span = float(still.max() - still.min())
        edges = canny((still - still.min()) / span, sigma=options.sigma) if span else np.zeros(still.shape, dtype=bool)
        if not edges.any():
            raise DataError(f"{self.where}: the median over time of {len(video)} frames has no edge; accepted: a well")
        side = min(still.shape)
        radii = np.arange(max(1, round(options.smallest * side)), max(2, round(options.largest * side) + 1))
        accumulated = hough_circle(edges, radii)
        _, across, down, found = hough_circle_peaks(accumulated, radii, total_num_peaks=1)
        y, x = np.ogrid[: still.shape[0], : still.shape[1]]
        inside = (y - int(down[0])) ** 2 + (x - int(across[0])) ** 2 <= int(found[0]) ** 2
        context.report("radius_px", float(found[0]))
        return labels_on(np.repeat(inside[np.newaxis], len(video), axis=0).astype(np.uint8), image)
