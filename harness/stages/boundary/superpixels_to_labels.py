"""Superpixels as the answer: what the graph partitioning adds is measured against it."""

from __future__ import annotations

from collections.abc import Mapping

from harness.model import Volume
from harness.stages.arrays import compact, labels_on
from harness.stages.contract import Context, Stage


class SuperpixelsToLabels(Stage):
    """Return the superpixels as labels."""

    id = "superpixels-to-labels"
    title = "Superpixels alone"
    inputs = ("superpixels",)
    licence = "MIT"
    citation = "Step of this package"
    cacheable = False

    def run(self, inputs: Mapping[str, Volume], context: Context) -> Volume:
        """Return labels (uint32, ids 1 … n; 0 where the superpixels are 0)."""
        superpixels = inputs["superpixels"]
        return labels_on(compact(superpixels.array), superpixels)
