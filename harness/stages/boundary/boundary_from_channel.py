"""A channel of the image as the boundary probability."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np

from harness.errors import DataError
from harness.model import Volume
from harness.parameters import option
from harness.stages.arrays import channel_of
from harness.stages.contract import Context, Stage
from harness.stages.intensity.percentiles import PercentileOptions, stretched


class BoundaryFromChannel(Stage):
    """Take a declared channel (a stored prediction, a membrane stain) for the boundary, another one for foreground.

    Scaling rules: "unit" takes the values as they are and refuses any outside [0, 1]; "dtype" divides integers by the
    greatest value of their type; "minmax" maps the extremes of each channel to 0 and 1; "percentile" maps the
    percentiles `low` and `high` to 0 and 1 and cuts off what lies beyond. A constant channel becomes 0 under the
    last two.
    """

    id = "boundary-from-channel"
    title = "Image channel as boundary map"
    outputs = ("probability",)
    licence = "MIT"
    citation = "Wolny et al. 2020, doi:10.7554/eLife.57613"

    class Options(PercentileOptions):
        boundary: str = option("", "channel with high values on boundaries; empty = the only one")
        foreground: str = option("", "channel with high values in objects; empty = none")
        scale: Literal["unit", "dtype", "minmax", "percentile"] = option("unit", "scaling rule")
        invert: bool = option(False, "boundaries are dark in their channel: take 1 - value")

    options: Options

    def run(self, inputs: Mapping[str, Volume], context: Context) -> Volume:
        """Return float32 C(Z)YX in [0, 1] with channels ("boundary",) or ("foreground", "boundary")."""
        options = self.options
        image = inputs["image"]
        boundary = self._scaled(image, options.boundary)
        planes = {"boundary": 1 - boundary if options.invert else boundary}
        if options.foreground:
            planes = {"foreground": self._scaled(image, options.foreground), **planes}
        return Volume(np.stack(list(planes.values())), "C" + image.grid.axes, image.spacing_um, tuple(planes))

    def _scaled(self, image: Volume, name: str) -> np.ndarray:
        options = self.options
        where = self.where
        array, kind = channel_of(image, name, where), image.array.dtype
        low, high = 0.0, 1.0
        if options.scale == "minmax":
            low, high = float(array.min()), float(array.max())
        elif options.scale == "percentile":
            low, high = options.of(array)
        elif options.scale == "dtype":
            if kind.kind not in "iu":
                raise DataError(f"{where}: scale 'dtype' and an image of type {kind}; accepted: integers")
            high = float(np.iinfo(kind).max)
        elif array.min() < 0 or array.max() > 1:
            raise DataError(
                f"{where}: values from {array.min():g} to {array.max():g} with scale 'unit'; accepted: [0, 1]"
            )
        return np.clip(stretched(array, low, high), 0, 1)
