"""Laplacian-of-Gaussian blobs as seeds of a watershed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np

from harness.model import Volume
from harness.parameters import StageOptions, option
from harness.stages.arrays import channel_of, labels_on, sigma_per_axis
from harness.stages.classical.seeds import flood, maxima, otsu_mask
from harness.stages.contract import Context, Stage


def blob_response(image: np.ndarray, sigma: tuple[float, ...]) -> np.ndarray:
    """Return the scale-normalised negative Laplacian of Gaussian, -sum of sigma_i^2 d^2/dx_i^2 (sigma in voxels).

    The scale factor of each axis makes the response isotropic in space on anisotropic voxels. Bright blobs of radius
    sigma * sqrt(dimensions) answer most. Lindeberg 1998, doi:10.1023/A:1008045108935.
    """
    from scipy.ndimage import gaussian_filter

    response = np.zeros(image.shape, dtype=np.float32)
    for axis, width in enumerate(sigma):
        orders = [2 if other == axis else 0 for other in range(image.ndim)]
        response -= width**2 * gaussian_filter(image, sigma, order=orders, mode="nearest")
    return response


class LogWatershed(Stage):
    """Seeds are the maxima of the blob response within Otsu's foreground; the watershed floods the response."""

    id = "log-watershed"
    title = "Laplacian-of-Gaussian seeds + watershed"
    needs = ("scipy", "skimage")
    licence = "BSD-3-Clause"
    citation = "Lindeberg 1998, doi:10.1023/A:1008045108935"

    class Options(StageOptions):
        channel: str = option("", "image channel; empty = the only one")
        sigma: float = option(3.0, "scale of the blobs, in `unit`: radius / sqrt(dimensions)", ge=0.1)
        sigma_mask: float = option(1.0, "Gaussian smoothing before the threshold, in `unit`", ge=0.0)
        unit: Literal["px", "um"] = option("px", "of both sigmas: voxels of the finest axis, or micrometres")
        threshold: float = option(0.1, "least response of a seed, as a share of the greatest", ge=0.0, le=1.0)
        bright: bool = option(True, "objects are brighter than the background")
        min_size: int = option(20, "smaller objects are dropped", unit="px", ge=0)

    options: Options

    def run(self, inputs: Mapping[str, Volume], context: Context) -> Volume:
        """Return labels (uint32, (Z)YX, 0 background); foreground that no seed reaches stays background."""
        from scipy.ndimage import gaussian_filter

        options = self.options
        image, where = inputs["image"], self.where
        array = channel_of(image, options.channel, where)
        scale, blur = (
            sigma_per_axis(options[name], options.unit, image.grid, where) for name in ("sigma", "sigma_mask")
        )
        mask = otsu_mask(gaussian_filter(array, blur, mode="nearest"), bright=options.bright)
        response = blob_response(array if options.bright else -array, scale)
        strong = mask & (response > options.threshold * response.max())
        return labels_on(flood(response, maxima(response, strong), mask, options.min_size), image)
