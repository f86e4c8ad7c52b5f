"""Removal of the largest instance, which agglomeration leaves where the background is."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from harness.model import Volume
from harness.stages.arrays import compact, labels_on
from harness.stages.contract import Context, Stage


class RemoveBackground(Stage):
    """Set the largest instance to 0, the one with the lowest id of equally large ones.

    It removes a real object where the background is already 0. Labels without an object stay as they are.
    """

    id = "remove-background"
    title = "Largest instance to background"
    inputs = ("labels",)
    licence = "MIT"
    citation = "Wolny et al. 2020, doi:10.7554/eLife.57613"

    def run(self, inputs: Mapping[str, Volume], context: Context) -> Volume:
        """Return labels (uint32, ids 1 … n, 0 background)."""
        volume = inputs["labels"]
        labels = compact(volume.array)
        sizes = np.bincount(labels.ravel(), minlength=1)
        sizes[0] = 0
        if sizes.any():
            labels[labels == np.argmax(sizes)] = 0
        return labels_on(compact(labels), volume)
