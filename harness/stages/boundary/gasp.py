"""Signed-graph agglomeration of superpixels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np

from harness.model import Volume
from harness.parameters import option
from harness.stages.boundary.partition import GraphPartition, agglomerate
from harness.stages.boundary.regions import RegionGraph


class Gasp(GraphPartition):
    """Merge superpixels of the boundary map by GASP; the defaults are those of the GoNuclear configuration."""

    id = "gasp"
    title = "GASP"
    citation = "Bailoni et al. 2022, arXiv:1906.11713"

    class Options(GraphPartition.Options):
        linkage: Literal["mean", "sum", "max", "min", "abs_max"] = option("mean", "weight of a merged contact")

    options: Options

    def solve(self, graph: RegionGraph, costs: np.ndarray, inputs: Mapping[str, Volume]) -> np.ndarray:
        """Return the clusters of an agglomeration with the linkage that the parameters name."""
        return agglomerate(graph, costs, linkage=self.options.linkage)
