"""Lifted multicut of the superpixel graph, guided by a nuclei segmentation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from harness.model import Volume
from harness.parameters import Parameter
from harness.stages.boundary.multicut import contact_costs
from harness.stages.boundary.nuclei_overlap import lifted_edges, nucleus_of_nodes
from harness.stages.boundary.regions import POST_MINSIZE_HELP, edge_weights_parameter, finished, region_graph
from harness.stages.contract import Context, Stage


class LiftedMulticut(Stage):
    """Multicut with far edges that keep a nucleus in one region and two nuclei in two.

    The solver, greedy additive contraction followed by Kernighan-Lin moves, is a heuristic. Where no two superpixels
    with nuclei lie 2 to `graph_depth` contacts apart the result is the plain multicut.
    """

    id = "lifted-multicut"
    title = "Lifted multicut (nuclei)"
    inputs = ("superpixels", "probability", "nuclei")
    parameters = (
        Parameter("beta", "float", 0.5, "boundary bias; larger = more regions", minimum=0.001, maximum=0.999),
        Parameter("size_weighting", "bool", True, "weigh each contact by its size"),
        Parameter(
            "overlap", "float", 0.2, "least share of a superpixel that its nucleus covers", minimum=0.0, maximum=1.0
        ),
        Parameter("graph_depth", "int", 4, "far edges span at most so many contacts", minimum=2),
        Parameter(
            "strength", "float", 5.0, "cost of far edges, in multiples of the greatest |local cost|", minimum=0.0
        ),
        Parameter("post_minsize", "int", 50, POST_MINSIZE_HELP, "px", minimum=0),
        edge_weights_parameter("mean"),
    )
    needs = ("bioimage_cpp", "scipy")
    extra = "graph"
    licence = "MIT"
    citation = "Pape et al. 2019, doi:10.3389/fcomp.2019.00006; Keuper et al. 2015, doi:10.1109/ICCV.2015.204"

    def run(self, inputs: Mapping[str, Volume], context: Context) -> Volume:
        """Return labels (uint32, (Z)YX, ids 1 … n; 0 where the superpixels are 0)."""
        import bioimage_cpp as bic

        options: Mapping[str, Any] = self.options
        graph = region_graph(inputs, options["edge_weights"], context.threads, f"stage '{self.id}'")
        costs = contact_costs(graph, beta=options["beta"], size_weighting=options["size_weighting"])
        nucleus = nucleus_of_nodes(graph, inputs["nuclei"].array, options["overlap"])
        strength = options["strength"] * float(np.abs(costs).max(initial=0))
        pairs, lifted = lifted_edges(graph, nucleus, depth=options["graph_depth"], strength=strength)
        solvers = bic.graph.lifted_multicut
        objective = solvers.LiftedMulticutObjective(graph.library_graph(), costs, lifted_uvs=pairs, lifted_costs=lifted)
        nodes = solvers.LiftedKernighanLinMulticut().optimize(objective)
        return finished(graph, np.asarray(nodes), options["post_minsize"], inputs["superpixels"])
