"""Multicut of the superpixel graph."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from harness.model import Volume
from harness.parameters import Parameter
from harness.stages.boundary.regions import (
    POST_MINSIZE_HELP,
    RegionGraph,
    edge_weights_parameter,
    finished,
    region_graph,
)
from harness.stages.contract import Context, Stage


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


class Multicut(Stage):
    """Cut the graph of superpixels at least total cost; the number of regions follows from the costs."""

    id = "multicut"
    title = "Multicut"
    inputs = ("superpixels", "probability")
    parameters = (
        Parameter("beta", "float", 0.5, "boundary bias; larger = more regions", minimum=0.001, maximum=0.999),
        Parameter("size_weighting", "bool", True, "weigh each contact by its size"),
        Parameter("post_minsize", "int", 50, POST_MINSIZE_HELP, "px", minimum=0),
        edge_weights_parameter("mean"),
    )
    needs = ("bioimage_cpp",)
    extra = "graph"
    licence = "MIT"
    citation = "Beier et al. 2017, doi:10.1038/nmeth.4151; Keuper et al. 2015, doi:10.1109/ICCV.2015.204"

    def run(self, inputs: Mapping[str, Volume], context: Context) -> Volume:
        """Return labels (uint32, (Z)YX, ids 1 … n; 0 where the superpixels are 0)."""
        options: Mapping[str, Any] = self.options
        graph = region_graph(inputs, options["edge_weights"], context.threads, f"stage '{self.id}'")
        costs = contact_costs(graph, beta=options["beta"], size_weighting=options["size_weighting"])
        return finished(graph, solve_multicut(graph, costs), options["post_minsize"], inputs["superpixels"])
