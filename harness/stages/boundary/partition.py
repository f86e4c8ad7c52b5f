"""What the partitionings of superpixels share: their parameters, and the way from slots to labels."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from harness.model import Volume
from harness.parameters import StageOptions, option
from harness.stages.boundary.regions import EdgeWeights, RegionGraph, finished, region_graph
from harness.stages.contract import Context, Stage

BETA_HELP = "affinity (1 - boundary) above which a contact attracts; larger = more regions"
POST_MINSIZE_HELP = "smaller regions are removed and their neighbours grow over them; 0 = keep all"


class GraphPartition(Stage):
    """Superpixels and a boundary map become a graph, its nodes are clustered, and clusters become labels.

    A partitioning says how the nodes are clustered (`solve`), and what contacts cost if it is not their affinity.
    """

    inputs: ClassVar[tuple[str, ...]] = ("superpixels", "probability")
    needs: ClassVar[tuple[str, ...]] = ("bioimage_cpp",)
    extra = "graph"
    licence = "MIT"

    class Options(StageOptions):
        beta: float = option(0.5, BETA_HELP, ge=0.0, le=1.0)
        post_minsize: int = option(100, POST_MINSIZE_HELP, unit="px", ge=0)
        edge_weights: EdgeWeights = option(
            "one-sided",
            "boundary probability of a contact: 'mean' over the voxels on both sides of it, or 'one-sided', only the "
            "voxel with the lower index of each face (PlantSeg's affinity route)",
        )

    options: Options

    def costs(self, graph: RegionGraph) -> np.ndarray:
        """Return what cutting each contact costs, float64 (E,): 1 - boundary - beta, negative where it repels."""
        return (1 - graph.boundary) - self.options.beta

    @abstractmethod
    def solve(self, graph: RegionGraph, costs: np.ndarray, inputs: Mapping[str, Volume]) -> np.ndarray:
        """Return the cluster of each node, integers (graph.nodes,)."""

    def run(self, inputs: Mapping[str, Volume], context: Context) -> Volume:
        """Return labels (uint32, (Z)YX, ids 1 … n; 0 where the superpixels are 0)."""
        graph = region_graph(inputs, self.options.edge_weights, context.threads, self.where)
        nodes = self.solve(graph, self.costs(graph), inputs)
        return finished(graph, nodes, self.options.post_minsize, inputs["superpixels"])


def agglomerate(graph: RegionGraph, weights: np.ndarray, *, linkage: str) -> np.ndarray:
    """Return the cluster of each node: the pair with the greatest |weight| first, merged if its weight is positive.

    There are no cannot-link constraints. Contact sizes weigh the linkage "mean" and nothing else.
    """
    import bioimage_cpp as bic

    if not len(graph.pairs):
        return np.arange(graph.nodes, dtype=np.uint64)
    policy: Any = bic.graph.agglomeration.GaspClusterPolicy(num_clusters_stop=1, linkage=linkage)
    return np.asarray(policy.optimize(graph.library_graph(), weights, edge_sizes=graph.sizes))
