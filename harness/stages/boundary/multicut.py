"""Multicut of the superpixel graph."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from harness.model import Volume
from harness.parameters import option, with_default
from harness.stages.boundary.partition import BETA_HELP, GraphPartition
from harness.stages.boundary.regions import EdgeWeights, RegionGraph


def contact_costs(graph: RegionGraph, *, beta: float, size_weighting: bool) -> np.ndarray:
    """Return what cutting each contact costs: log((1 - p) / p) + log((1 - beta) / beta), p squeezed into [.001, .999].

    With `size_weighting` each cost is multiplied by the contact's size over the largest one.
    """
    probability = 0.998 * graph.boundary + 0.001
    costs = np.log((1 - probability) / probability) + np.log((1 - beta) / beta)
    if size_weighting and len(costs):
        costs = costs * (graph.sizes / graph.sizes.max())
    return np.asarray(costs)


def solve_multicut(graph: RegionGraph, costs: np.ndarray) -> np.ndarray:
    """Return the cluster of each node: greedy additive contraction, then Kernighan-Lin moves.

    A heuristic: it can end above the least cost.
    """
    import bioimage_cpp as bic

    solvers = bic.graph.multicut
    return np.asarray(solvers.KernighanLinMulticut().optimize(solvers.MulticutObjective(graph.library_graph(), costs)))


class LeastCost(GraphPartition):
    """What the plain and the lifted multicut share: the costs of contacts."""

    class Options(GraphPartition.Options):
        beta: float = option(0.5, BETA_HELP, ge=0.001, le=0.999)
        size_weighting: bool = option(True, "weigh each contact by its size")
        post_minsize: int = with_default(GraphPartition.Options, "post_minsize", 50)
        edge_weights: EdgeWeights = with_default(GraphPartition.Options, "edge_weights", "mean")

    options: Options

    def costs(self, graph: RegionGraph) -> np.ndarray:
        """Return `contact_costs`."""
        return contact_costs(graph, beta=self.options.beta, size_weighting=self.options.size_weighting)


class Multicut(LeastCost):
    """Cut the graph of superpixels at least total cost; the number of regions follows from the costs."""

    id = "multicut"
    title = "Multicut"
    citation = "Beier et al. 2017, doi:10.1038/nmeth.4151; Keuper et al. 2015, doi:10.1109/ICCV.2015.204"

    def solve(self, graph: RegionGraph, costs: np.ndarray, inputs: Mapping[str, Volume]) -> np.ndarray:
        """Return the clusters of `solve_multicut`."""
        return solve_multicut(graph, costs)
