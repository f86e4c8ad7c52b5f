"""Signed-graph agglomeration of superpixels."""

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


def agglomerate(graph: RegionGraph, *, linkage: str, beta: float) -> np.ndarray:
    """Return the cluster of each node: the pair with the greatest |weight| first, merged if its weight is positive.

    The weight of a contact is 1 - boundary - beta, without logarithm and without cannot-link constraints. Contact sizes
    weigh the linkage "mean" and nothing else.
    """
    import bioimage_cpp as bic

    if not len(graph.pairs):
        return np.arange(graph.nodes, dtype=np.uint64)
    policy = bic.graph.agglomeration.GaspClusterPolicy(num_clusters_stop=1, linkage=linkage)
    weights = (1 - graph.boundary) - beta
    return np.asarray(policy.optimize(graph.library_graph(), weights, edge_sizes=graph.sizes))


class Gasp(Stage):
    """Merge superpixels of the boundary map by GASP; the defaults are those of the GoNuclear configuration."""

    id = "gasp"
    title = "GASP"
    inputs = ("superpixels", "probability")
    parameters = (
        Parameter(
            "linkage", "str", "mean", "weight of a merged contact", choices=("mean", "sum", "max", "min", "abs_max")
        ),
        Parameter(
            "beta",
            "float",
            0.5,
            "affinity above which a contact attracts; larger = more regions",
            minimum=0.0,
            maximum=1.0,
        ),
        Parameter("post_minsize", "int", 100, POST_MINSIZE_HELP, "px", minimum=0),
        edge_weights_parameter("one-sided"),
    )
    needs = ("bioimage_cpp",)
    extra = "graph"
    licence = "MIT"
    citation = "Bailoni et al. 2022, arXiv:1906.11713"

    def run(self, inputs: Mapping[str, Volume], context: Context) -> Volume:
        """Return labels (uint32, (Z)YX, ids 1 … n; 0 where the superpixels are 0)."""
        options: Mapping[str, Any] = self.options
        graph = region_graph(inputs, options["edge_weights"], context.threads, f"stage '{self.id}'")
        nodes = agglomerate(graph, linkage=options["linkage"], beta=options["beta"])
        return finished(graph, nodes, options["post_minsize"], inputs["superpixels"])
