"""Mean shift of the embedding in the time of a mutex watershed."""

from __future__ import annotations

from collections.abc import Mapping

from harness.model import Volume
from harness.stages.contract import Context, Stage
from harness.stages.embedding.mean_shift import MEAN_SHIFT, MeanShiftOptions, nothing_near
from harness.stages.embedding.modes import clusters
from harness.stages.embedding.vectors import by_size, labels_from, vectors_of


class MeanShiftFast(Stage):
    """The clusters of `mean-shift`, mode by mode, from sums over cells of vectors in place of a tree.

    Voxels and starts are all of those of scikit-learn; searches that come near the mode of a crowd end there. How far
    the labels agree is measured by the suite `clustering-size`, beside the seconds. On a GPU all windows are products
    of matrices. Memory: some ten times the embedding; on a GPU 3 GB besides.
    """

    id = "mean-shift-fast"
    title = "Mean shift (fast, of this package)"
    inputs = ("embedding",)
    needs = ("numba",)
    devices = ("cpu", "cuda")
    licence = "MIT"
    citation = MEAN_SHIFT

    class Options(MeanShiftOptions):
        pass

    options: Options

    def run(self, inputs: Mapping[str, Volume], context: Context) -> Volume:
        """Return labels (uint32, (Z)YX, 1 … n by falling size, no 0); the largest is where the background is."""
        volume, options = inputs["embedding"], self.options
        vectors = vectors_of(volume, f"{self.where}: embedding")
        found = clusters(vectors, options.bandwidth, options.min_bin_freq, context.threads, context.device, self.where)
        if found is None:
            raise nothing_near(options.bandwidth, self.where)
        return labels_from(by_size(found + 1), volume)
