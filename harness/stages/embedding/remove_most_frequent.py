"""Removal of what covers most of the image, also where that is the background already."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from harness.model import Volume
from harness.stages.arrays import compact, labels_on
from harness.stages.contract import Context, Stage


class RemoveMostFrequent(Stage):
    """Set the most frequent id to 0, with 0 among the ids; of equally frequent ones the lowest.

    Where the background is 0 and covers most of the image, nothing changes; `remove-background` would take the largest
    object. It is what the published code does after clusterings that leave voxels unassigned.
    """

    id = "remove-most-frequent"
    title = "Most frequent id to background"
    inputs = ("labels",)
    licence = "MIT"
    citation = "Wolny et al. 2022, arXiv:2103.14572"

    def run(self, inputs: Mapping[str, Volume], context: Context) -> Volume:
        """Return labels (uint32, ids 1 … n, 0 background)."""
        volume = inputs["labels"]
        labels = compact(volume.array)
        labels[labels == np.argmax(np.bincount(labels.ravel(), minlength=1))] = 0
        return labels_on(compact(labels), volume)
