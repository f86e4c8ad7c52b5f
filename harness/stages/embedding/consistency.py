"""Consistency clustering: mean shift of one embedding, of which a second one must approve."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np

from harness.model import Volume
from harness.parameters import option
from harness.stages.contract import Context, Stage
from harness.stages.embedding.cells import in_parts
from harness.stages.embedding.mean_shift import MeanShiftOptions, mean_shift, nothing_near
from harness.stages.embedding.modes import clusters
from harness.stages.embedding.vectors import by_size, labels_from, require_same_channels, vectors_of

_SMALL = 1e-5
"""Added to the union of masks, as in the published code."""

_ANCHORS_PER_TASK = 8


def agreement(
    labels: np.ndarray, twin: np.ndarray, bandwidth: float, anchors: int, rng: np.random.Generator, threads: int
) -> np.ndarray:
    """Return by label (float64, entry 0 for 0) the median overlap of a cluster with that of a second embedding.

    From random voxels of the cluster (with replacement) all voxels nearer than the bandwidth in the second embedding
    are taken; their intersection over union with the cluster is the overlap. `labels` are flat, 0 … n, `twin` is
    float32 (voxels x channels).
    """
    columns = np.ascontiguousarray(twin.T)
    count = int(labels.max(initial=0))
    order = np.argsort(labels, kind="stable")
    ends = np.cumsum(np.bincount(labels, minlength=count + 1))
    medians = np.zeros(count + 1)
    for label in range(1, count + 1):
        members = order[ends[label - 1] : ends[label]]
        picked, times = np.unique(rng.integers(len(members), size=anchors), return_counts=True)
        overlaps = _overlaps(columns, twin[members[picked]], bandwidth, labels == label, threads)
        medians[label] = np.median(np.repeat(overlaps, times))
    return medians


def _overlaps(
    columns: np.ndarray, points: np.ndarray, bandwidth: float, inside: np.ndarray, threads: int
) -> np.ndarray:
    """Return for each point (float64) the intersection over union of its ball with a cluster (bool, voxels)."""
    from harness.stages.embedding import _kernels

    counts = np.empty((len(points), 2), dtype=np.int64)

    def task(part: slice) -> None:
        _kernels.count_within(columns, points[part], bandwidth, inside, counts[part])

    in_parts(task, len(points), threads, _ANCHORS_PER_TASK)
    every, shared = counts.T
    overlaps: np.ndarray = shared / (every + np.count_nonzero(inside) - shared + _SMALL)
    return overlaps


class ConsistencyClustering(Stage):
    """Keep the clusters of mean shift that the twin embedding, seen from random voxels of them, outlines alike.

    The published code draws without a seed; here the draws are those of the cell. Where there is no twin, `against`
    says to compare the embedding with itself, which drops clusters that are no ball of the bandwidth.
    """

    id = "consistency-clustering"
    title = "Consistency clustering"
    inputs = ("embedding", "embedding-twin")
    needs = ("sklearn", "numba")
    extra = "hdbscan"
    licence = "MIT"
    citation = "Wolny et al. 2022, arXiv:2103.14572"

    class Options(MeanShiftOptions):
        iou: float = option(0.6, "least median intersection over union of a cluster", ge=0.0, le=1.0)
        anchors: int = option(100, "voxels drawn of each cluster", ge=1)
        against: Literal["embedding-twin", "embedding"] = option("embedding-twin", "the embedding that approves")
        mean_shift: Literal["scikit-learn", "fast"] = option("scikit-learn", "whose mean shift")

    options: Options

    def reads(self) -> tuple[str, ...]:
        """Return the embedding and the one that approves."""
        return tuple(dict.fromkeys(("embedding", self.options.against)))

    def run(self, inputs: Mapping[str, Volume], context: Context) -> Volume:
        """Return labels (uint32, (Z)YX, 1 … n by falling size, 0 is not approved of)."""
        options = self.options
        require_same_channels(inputs, self.where)
        vectors, twin = (vectors_of(inputs[slot], f"{self.where}: {slot}") for slot in ("embedding", options.against))
        labels = self._shifted(vectors, context.threads)
        medians = agreement(labels, twin, options.bandwidth, options.anchors, context.rng(), context.threads)
        labels[medians[labels] < options.iou] = 0
        return labels_from(by_size(labels), inputs["embedding"])

    def _shifted(self, vectors: np.ndarray, threads: int) -> np.ndarray:
        options = self.options
        if options.mean_shift == "scikit-learn":
            return mean_shift(vectors, options, self.where)
        found = clusters(vectors, options.bandwidth, options.min_bin_freq, threads, where=self.where)
        if found is None:
            raise nothing_near(options.bandwidth, self.where)
        return by_size(found + 1)
