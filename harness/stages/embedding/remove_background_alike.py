"""Removal of the largest segment, and of all whose embedding is like its: parts of the background that were cut off."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from harness.errors import DataError
from harness.model import Volume
from harness.parameters import StageOptions, option
from harness.stages.arrays import compact, labels_on
from harness.stages.contract import Context, Stage
from harness.stages.embedding.vectors import vectors_of


class RemoveBackgroundAlike(Stage):
    """Set the largest segment to 0, and each whose mean embedding has an affinity above `alike` with its own.

    Mutex watershed cuts slivers off the background, along blurred borders and between objects that lie close; in the
    embedding they are still background. The affinity is that of `embedding-mutex-watershed`.
    """

    id = "remove-background-alike"
    title = "Largest segment and its like to background"
    inputs = ("labels", "embedding")
    licence = "MIT"
    citation = "Wolny et al. 2022, arXiv:2103.14572 (affinity)"

    class Options(StageOptions):
        delta: float = option(2.0, "half the distance from which two means are not alike at all; delta_dist", ge=1e-6)
        alike: float = option(0.5, "affinity of means above which a segment is background", ge=0, le=1)

    options: Options

    def run(self, inputs: Mapping[str, Volume], context: Context) -> Volume:
        """Return labels (uint32, (Z)YX, ids 1 … n, 0 background); raises `DataError` for another grid of embeddings."""
        volume = inputs["labels"]
        vectors = vectors_of(inputs["embedding"], f"{self.where}: embedding")
        labels = compact(volume.array)
        if labels.shape != inputs["embedding"].grid.shape:
            raise DataError(
                f"{self.where}: labels of shape {labels.shape} and an embedding of {inputs['embedding'].grid.shape}; "
                "accepted: one grid"
            )
        flat = labels.ravel()
        sizes = np.bincount(flat)
        if len(sizes) < 2:
            return labels_on(labels, volume)
        sums = np.stack([np.bincount(flat, weights=column, minlength=len(sizes)) for column in vectors.T], axis=1)
        means = sums / np.maximum(sizes, 1)[:, None]
        largest = 1 + int(np.argmax(sizes[1:]))
        away = np.linalg.norm(means - means[largest], axis=1)
        affinity = np.square(np.maximum(0, 1 - away / (2 * self.options.delta)))
        background = affinity > self.options.alike
        background[largest] = True
        return labels_on(compact(np.where(background[labels], 0, labels)), volume)
