"""Expected run length: how far one can go along a traced neurite before the segmentation errs, for skeleton truths.

An edge of a skeleton is right when both of its nodes lie in one segment, not 0, which holds nodes of no other
skeleton. The run length of a skeleton is the sum over segments of (length of its right edges in the segment)² over
its own length; the expected run length is the mean of these, weighted with the lengths of the skeletons: the length
of the right part around a point chosen at random.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from harness.errors import LabelError


@dataclass(frozen=True, eq=False, slots=True)
class Skeletons:
    """Traced neurites.

    positions  (n, d) float: nodes, in micrometres or voxels
    edges      (m, 2) int: pairs of nodes of one skeleton
    skeleton   (n,) int: the skeleton of each node
    """

    positions: np.ndarray
    edges: np.ndarray
    skeleton: np.ndarray

    def __post_init__(self) -> None:
        nodes = self.positions.shape[0]
        if self.positions.ndim != 2 or self.skeleton.shape != (nodes,):
            raise LabelError(
                f"skeletons have nodes of shape {self.positions.shape} and ids of {self.skeleton.shape}; accepted: "
                "(n, d) and (n,)"
            )
        if self.edges.ndim != 2 or self.edges.shape[1] != 2:
            raise LabelError(f"edges of skeletons have shape {self.edges.shape}; accepted: (m, 2)")
        if (unknown := self.edges[(self.edges < 0) | (self.edges >= nodes)]).size:
            raise LabelError(f"an edge names node {int(unknown[0])}; accepted: 0 to {nodes - 1}")
        ends = self.skeleton[self.edges]
        if np.any(ends[:, 0] != ends[:, 1]):
            edge = int(np.flatnonzero(ends[:, 0] != ends[:, 1])[0])
            raise LabelError(f"edge {edge} joins skeletons {ends[edge, 0]} and {ends[edge, 1]}; accepted: nodes of one")

    @property
    def lengths(self) -> np.ndarray:
        """Lengths of the edges, (m,) float64, in the unit of the positions."""
        ends = self.positions[self.edges].astype(np.float64)
        lengths: np.ndarray = np.linalg.norm(ends[:, 0] - ends[:, 1], axis=1)
        return lengths


def segments_at(labels: Any, positions: np.ndarray, spacing: tuple[float, ...]) -> np.ndarray:
    """Return the label at each node, (n,) int64: `labels` has one axis a coordinate, `spacing` is the size of a voxel.

    A position names the voxel whose centre, index · spacing, is nearest. Raises `LabelError` for one outside the image.
    """
    image = np.asarray(labels)
    index = np.rint(positions / np.asarray(spacing, np.float64)).astype(np.int64)
    if index.ndim != 2 or index.shape[1] != image.ndim:
        raise LabelError(
            f"nodes have shape {positions.shape} and the image {image.ndim} axes; accepted: a coordinate each"
        )
    outside = np.any((index < 0) | (index >= np.array(image.shape)), axis=1)
    if outside.any():
        node = int(np.flatnonzero(outside)[0])
        raise LabelError(
            f"node {node} at {positions[node].tolist()} lies outside the image ({int(outside.sum())} such)"
        )
    found: np.ndarray = image[tuple(index.T)].astype(np.int64)
    return found


def expected_run_length(skeletons: Skeletons, segments: np.ndarray) -> float:
    """Return the expected run length in the unit of the positions; NaN if there is no edge of any length.

    Agrees with `funlib.evaluate.expected_run_length` (Januszewski et al. 2018, doi:10.1038/s41592-018-0049-4). Takes
    and raises what `run_lengths` does.
    """
    squared, total = run_lengths(skeletons, segments)
    return squared / total if total else math.nan


def run_lengths(skeletons: Skeletons, segments: np.ndarray) -> tuple[float, float]:
    """Return the sum over segments of the squared length of their right edges, and the length of all edges.

    `segments`, (n,) int, is the predicted label at each node, 0 for none. Raises `LabelError` for another number of
    segments than of nodes.
    """
    if segments.shape != skeletons.skeleton.shape:
        raise LabelError(f"{segments.shape} segments for {skeletons.skeleton.size} nodes; accepted: one per node")
    lengths = skeletons.lengths
    pairs = np.unique(np.stack([segments, skeletons.skeleton], axis=1), axis=0)
    ids, holds = np.unique(pairs[:, 0], return_counts=True)
    mergers = ids[holds > 1]
    ends = segments[skeletons.edges]
    right = (ends[:, 0] == ends[:, 1]) & (ends[:, 0] != 0) & ~np.isin(ends[:, 0], mergers)
    # A segment that merges nothing lies in one skeleton, so that runs and segments are the same.
    run_of = np.unique(ends[right, 0], return_inverse=True)[1]
    squared = np.bincount(run_of, lengths[right]) ** 2
    return math.fsum(squared.tolist()), math.fsum(lengths.tolist())
