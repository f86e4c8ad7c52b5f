"""Mutex watershed on the graph of superpixels."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from harness.model import Volume
from harness.stages.boundary.partition import GraphPartition, agglomerate
from harness.stages.boundary.regions import RegionGraph


class MutexWatershed(GraphPartition):
    """Take contacts by falling |weight|: attractive ones merge, repulsive ones forbid the merge for good."""

    id = "mutex-watershed"
    title = "Mutex watershed (superpixels)"
    citation = "Wolf et al. 2021, doi:10.1109/TPAMI.2020.2980827"

    def solve(self, graph: RegionGraph, costs: np.ndarray, inputs: Mapping[str, Volume]) -> np.ndarray:
        """Return the clusters of the mutex watershed."""
        return agglomerate(graph, costs, linkage="mutex_watershed")
