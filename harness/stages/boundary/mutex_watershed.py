"""Mutex watershed on the graph of superpixels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.model import Volume
from harness.parameters import Parameter
from harness.stages.boundary.gasp import agglomerate
from harness.stages.boundary.regions import POST_MINSIZE_HELP, edge_weights_parameter, finished, region_graph
from harness.stages.contract import Context, Stage


class MutexWatershed(Stage):
    """Take contacts by falling |weight|: attractive ones merge, repulsive ones forbid the merge for good."""

    id = "mutex-watershed"
    title = "Mutex watershed (superpixels)"
    inputs = ("superpixels", "probability")
    parameters = (
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
    citation = "Wolf et al. 2021, doi:10.1109/TPAMI.2020.2980827"

    def run(self, inputs: Mapping[str, Volume], context: Context) -> Volume:
        """Return labels (uint32, (Z)YX, ids 1 … n; 0 where the superpixels are 0)."""
        options: Mapping[str, Any] = self.options
        graph = region_graph(inputs, options["edge_weights"], context.threads, f"stage '{self.id}'")
        nodes = agglomerate(graph, linkage="mutex_watershed", beta=options["beta"])
        return finished(graph, nodes, options["post_minsize"], inputs["superpixels"])
