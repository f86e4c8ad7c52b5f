"""Removal of regions with little foreground probability."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np

from harness.model import Volume
from harness.parameters import StageOptions, option
from harness.stages.arrays import compact, labels_on, require_same_grid
from harness.stages.boundary.regions import probability_of
from harness.stages.contract import Context, Stage


class ForegroundFilter(Stage):
    """Keep the regions whose mean foreground probability reaches the threshold.

    With target "superpixels" it stands before the graph partitioning, which leaves the removed ones as background;
    with target "labels" after it.
    """

    id = "foreground-filter"
    title = "Foreground filter"
    inputs = ("labels", "probability")
    licence = "MIT"
    citation = "Vijayan et al. 2024, doi:10.1101/2024.02.19.580954"

    class Options(StageOptions):
        target: Literal["labels", "superpixels"] = option("labels", "which regions are filtered")
        threshold: float = option(0.5, "least mean foreground probability of a region", ge=0.0, le=1.0)

    options: Options

    def reads(self) -> tuple[str, ...]:
        """Return the slot that `target` names, and the probability."""
        return (self.options.target, "probability")

    def makes(self) -> tuple[str, ...]:
        """Return the slot that `target` names."""
        return (self.options.target,)

    def run(self, inputs: Mapping[str, Volume], context: Context) -> Volume:
        """Return the regions kept (uint32, ids 1 … n, 0 background) of the slot `target`."""
        options = self.options
        where = self.where
        require_same_grid(inputs, where)
        volume = inputs[options.target]
        regions = compact(volume.array)
        foreground = probability_of(inputs["probability"], "foreground", where)
        sizes = np.bincount(regions.ravel())
        means = np.bincount(regions.ravel(), weights=foreground.ravel()) / np.maximum(sizes, 1)
        keep = means >= options.threshold
        keep[0] = False
        numbers = np.where(keep, np.cumsum(keep), 0).astype(np.uint32)
        return labels_on(numbers[regions], volume)
