"""HDBSCAN of the embedding, by the library."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from harness.model import Volume
from harness.parameters import StageOptions, option
from harness.stages.contract import Context, Stage
from harness.stages.embedding.vectors import by_size, labels_from, require_voxels, vectors_of

HDBSCAN = "McInnes et al. 2017, doi:10.21105/joss.00205"


class HdbscanOptions(StageOptions):
    """What every HDBSCAN asks for."""

    min_cluster_size: int = option(50, "smaller groups are no cluster", unit="px", ge=2)
    epsilon: float = option(0.5, "clusters that part at less than this distance stay one; delta_var", ge=0.0)
    min_samples: int = option(0, "neighbour whose distance is the core distance; 0 = min_cluster_size", ge=0)

    @property
    def neighbours(self) -> int:
        """The number of the neighbour whose distance is the core distance."""
        return self.min_samples or self.min_cluster_size


class Hdbscan(Stage):
    """Clusters of the embedding that persist over densities; voxels that belong to none stay background."""

    id = "hdbscan"
    title = "HDBSCAN (library)"
    inputs = ("embedding",)
    needs = ("hdbscan",)
    extra = "hdbscan"
    licence = "BSD-3-Clause"
    citation = HDBSCAN

    class Options(HdbscanOptions):
        pass

    options: Options

    def run(self, inputs: Mapping[str, Volume], context: Context) -> Volume:
        """Return labels (uint32, (Z)YX, 1 … n by falling size, 0 belongs to no cluster)."""
        import hdbscan

        volume, options = inputs["embedding"], self.options
        vectors = vectors_of(volume, f"{self.where}: embedding")
        require_voxels(vectors, options.min_cluster_size, "min_cluster_size", self.where)
        library = hdbscan.HDBSCAN(
            min_cluster_size=options.min_cluster_size,
            min_samples=options.neighbours,
            cluster_selection_epsilon=options.epsilon,
            core_dist_n_jobs=context.threads,
        )
        return labels_from(by_size(np.asarray(library.fit_predict(vectors)) + 1), volume)
