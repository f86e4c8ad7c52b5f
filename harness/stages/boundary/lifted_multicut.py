"""Lifted multicut of the superpixel graph, guided by a nuclei segmentation."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from harness.model import Volume
from harness.parameters import option
from harness.stages.boundary.multicut import LeastCost
from harness.stages.boundary.nuclei_overlap import lifted_edges, nucleus_of_nodes
from harness.stages.boundary.regions import RegionGraph


class LiftedMulticut(LeastCost):
    """Multicut with far edges that keep a nucleus in one region and two nuclei in two.

    The solver, greedy additive contraction followed by Kernighan-Lin moves, is a heuristic. Where no two superpixels
    with nuclei lie 2 to `graph_depth` contacts apart the result is the plain multicut.
    """

    id = "lifted-multicut"
    title = "Lifted multicut (nuclei)"
    inputs = ("superpixels", "probability", "nuclei")
    needs = ("bioimage_cpp", "scipy")
    citation = "Pape et al. 2019, doi:10.3389/fcomp.2019.00006; Keuper et al. 2015, doi:10.1109/ICCV.2015.204"

    class Options(LeastCost.Options):
        overlap: float = option(0.2, "least share of a superpixel that its nucleus covers", ge=0.0, le=1.0)
        graph_depth: int = option(4, "far edges span at most so many contacts", ge=2)
        strength: float = option(5.0, "cost of far edges, in multiples of the greatest |local cost|", ge=0.0)

    options: Options

    def solve(self, graph: RegionGraph, costs: np.ndarray, inputs: Mapping[str, Volume]) -> np.ndarray:
        """Return the clusters of the lifted multicut with the slot "nuclei"."""
        import bioimage_cpp as bic

        nucleus = nucleus_of_nodes(graph, inputs["nuclei"].array, self.options.overlap)
        strength = self.options.strength * float(np.abs(costs).max(initial=0))
        pairs, lifted = lifted_edges(graph, nucleus, depth=self.options.graph_depth, strength=strength)
        solvers = bic.graph.lifted_multicut
        objective = solvers.LiftedMulticutObjective(graph.library_graph(), costs, lifted_uvs=pairs, lifted_costs=lifted)
        return np.asarray(solvers.LiftedKernighanLinMulticut().optimize(objective))
