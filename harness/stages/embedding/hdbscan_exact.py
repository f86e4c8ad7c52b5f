"""HDBSCAN of the embedding, by the library, on the exact spanning tree."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from harness.model import Volume
from harness.stages.contract import Context, Stage
from harness.stages.embedding.hdbscan import HDBSCAN, HdbscanOptions
from harness.stages.embedding.vectors import by_size, labels_from, require_voxels, vectors_of


class HdbscanExact(Stage):
    """The clusters of `hdbscan` where the spanning tree of mutual reachability is the least one.

    The library's default, `approx_min_span_tree=True`, is content with a tree of somewhat longer edges, which may part
    and drop other clusters. Here only the order of edges of the same length is left open. One core does all the work.
    """

    id = "hdbscan-exact"
    title = "HDBSCAN (library, exact tree)"
    inputs = ("embedding",)
    needs = ("hdbscan",)
    extra = "hdbscan"
    licence = "BSD-3-Clause"
    citation = HDBSCAN

    class Options(HdbscanOptions):
        pass

    options: Options

    def run(self, inputs: Mapping[str, Volume], context: Context) -> Volume:
        """Return labels (uint32, (Z)YX, 1 … n by falling size, 0 belongs to no cluster).

        Raises `DataError` for fewer voxels than `min_cluster_size` and for values that are not finite.
        """
        import hdbscan

        volume, options = inputs["embedding"], self.options
        vectors = vectors_of(volume, f"{self.where}: embedding")
        require_voxels(vectors, options.min_cluster_size, "min_cluster_size", self.where)
        library = hdbscan.HDBSCAN(
            min_cluster_size=options.min_cluster_size,
            min_samples=options.neighbours,
            cluster_selection_epsilon=options.epsilon,
            approx_min_span_tree=False,
            # Processes that joblib keeps for its next call would be ended with the cell, and that call find them gone.
            core_dist_n_jobs=1,
        )
        return labels_from(by_size(np.asarray(library.fit_predict(vectors)) + 1), volume)
