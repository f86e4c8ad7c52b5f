"""Mean shift of the embedding, by scikit-learn."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from harness.errors import DataError
from harness.model import Volume
from harness.parameters import StageOptions, option
from harness.stages.contract import Context, Stage
from harness.stages.embedding.vectors import by_size, labels_from, vectors_of

MEAN_SHIFT = "Comaniciu & Meer 2002, doi:10.1109/34.1000236"


class MeanShiftOptions(StageOptions):
    """What every mean shift asks for."""

    bandwidth: float = option(0.5, "radius of the flat kernel; delta_var of the training", ge=1e-6)
    min_bin_freq: int = option(1, "least voxels in a cell of the grid that starts a search", ge=1)


def nothing_near(bandwidth: float, where: str) -> DataError:
    """Return the error for an embedding with no vector near a start of the search."""
    return DataError(
        f"{where}: no vector lies within the bandwidth {bandwidth:g} of a cell of the grid of that edge, so no "
        "search can start; accepted: a wider bandwidth, fewer channels (pca), or a smaller min_bin_freq"
    )


def mean_shift(vectors: np.ndarray, options: MeanShiftOptions, where: str) -> np.ndarray:
    """Return the clusters of vectors (float32, voxels x channels) as uint32, 1 … n by falling size, no 0.

    Searches start at the cells of an axis-parallel grid whose edge is the bandwidth. Raises `DataError` if none finds
    a vector.
    """
    from sklearn.cluster import MeanShift

    shift = MeanShift(bandwidth=options.bandwidth, bin_seeding=True, min_bin_freq=options.min_bin_freq)
    try:
        found = shift.fit_predict(vectors)
    except ValueError as error:
        if "No point was within bandwidth" not in str(error):
            raise
        raise nothing_near(options.bandwidth, where) from error
    return by_size(found + 1)


class MeanShift(Stage):
    """Climb the density of the embedding from the cells of a grid; each voxel belongs to the nearest mode found."""

    id = "mean-shift"
    title = "Mean shift (scikit-learn)"
    inputs = ("embedding",)
    needs = ("sklearn",)
    extra = "hdbscan"
    licence = "BSD-3-Clause"
    citation = MEAN_SHIFT

    class Options(MeanShiftOptions):
        pass

    options: Options

    def run(self, inputs: Mapping[str, Volume], context: Context) -> Volume:
        """Return labels (uint32, (Z)YX, 1 … n by falling size, no 0); the largest is where the background is."""
        volume = inputs["embedding"]
        vectors = vectors_of(volume, f"{self.where}: embedding")
        return labels_from(mean_shift(vectors, self.options, self.where), volume)
