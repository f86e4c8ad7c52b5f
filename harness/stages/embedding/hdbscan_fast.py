"""HDBSCAN of a whole image in seconds."""

from __future__ import annotations

from collections.abc import Mapping

from harness.model import Volume
from harness.parameters import option
from harness.stages.contract import Context, Stage
from harness.stages.embedding.hdbscan import HDBSCAN, HdbscanOptions
from harness.stages.embedding.hierarchy import Wanted, clusters
from harness.stages.embedding.vectors import by_size, labels_from, require_voxels, vectors_of


class HdbscanFast(Stage):
    """The clusters of `hdbscan` of all voxels, with work saved where vectors are crowded.

    No voxel is left out. Where more than `candidates` vectors crowd, every n-th counts for n when neighbours are
    counted. How far the labels agree with the library's is measured by the suite `clustering-size`, beside the seconds.
    Mutual reachability has many equal lengths, and which of them comes first decides about clusters of just the least
    size: the library's own algorithms differ by such clusters too. On a GPU core
    distances are those of all voxels. Memory: 4 bytes for each voxel and neighbour; on a GPU 3 GB besides.
    """

    id = "hdbscan-fast"
    title = "HDBSCAN (fast, of this package)"
    inputs = ("embedding",)
    needs = ("numba",)
    devices = ("cpu", "cuda")
    licence = "MIT"
    citation = HDBSCAN

    class Options(HdbscanOptions):
        candidates: int = option(4096, "vectors of a crowded region among which neighbours are looked for", ge=256)

    options: Options

    def run(self, inputs: Mapping[str, Volume], context: Context) -> Volume:
        """Return labels (uint32, (Z)YX, 1 … n by falling size, 0 belongs to no cluster)."""
        volume, options = inputs["embedding"], self.options
        vectors = vectors_of(volume, f"{self.where}: embedding")
        require_voxels(vectors, options.min_cluster_size, "min_cluster_size", self.where)
        wanted = Wanted(options.min_cluster_size, options.neighbours, options.epsilon, options.candidates)
        return labels_from(by_size(clusters(vectors, wanted, context.threads, context.device)), volume)
