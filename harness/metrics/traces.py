"""Traced lines in a label image: what metrics of skeleton truths read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from harness.errors import LabelError
from harness.metrics.skeleton import Skeletons
from harness.metrics.spacing import checked_spacing


@dataclass(frozen=True, eq=False, slots=True)
class Traces:
    """The lines of a truth, and the predicted label at each of their nodes, (n,) int64, 0 for none."""

    skeletons: Skeletons
    segments: np.ndarray


def traces(truth: np.ndarray, pred: np.ndarray, spacing_um: Sequence[float] | None) -> Traces:
    """Return the lines that the labels of a truth trace, in micrometres, and the prediction along them.

    Each voxel of a label is a node at its centre. Nodes of one label that touch, by a corner too, are joined by a tree
    of the least length, so that a line of one voxel's width has its own length; of steps of equal length those along
    later axes come first. Parts of a label that do not touch have no edge between them. Both images have one shape,
    any number of axes and an integer dtype or bool.

    Raises `LabelError` where the size of a voxel is unknown, is not above 0, or has another number of axes.
    """
    spacing = checked_spacing(spacing_um, truth.ndim)
    if spacing is None:
        raise LabelError("lines are measured in micrometres and the size of a voxel is unknown; give its spacing")
    voxels = np.flatnonzero(truth)
    places = np.stack(np.unravel_index(voxels, truth.shape), axis=1)
    labels, segments = (image.reshape(-1)[voxels].astype(np.int64) for image in (truth, pred))
    edges = _tree(_touching(voxels, places, labels, truth.shape, spacing), voxels.size)
    return Traces(Skeletons(places * np.array(spacing), edges, labels), segments)


def _touching(
    voxels: np.ndarray, places: np.ndarray, labels: np.ndarray, shape: tuple[int, ...], spacing: tuple[float, ...]
) -> np.ndarray:
    """Return the pairs of nodes of one label that touch, (m, 2) int64, the nearest first."""
    none = (0,) * len(shape)
    steps = [step for step in product((-1, 0, 1), repeat=len(shape)) if step > none]
    lengths = np.linalg.norm(np.array(steps) * np.array(spacing), axis=1)
    found = [np.zeros((0, 2), np.int64)]
    for index in np.argsort(lengths, kind="stable"):  # steps of one length stay in order, later axes first
        beside = places + np.array(steps[index])
        first = np.flatnonzero(np.all((beside >= 0) & (beside < np.array(shape)), axis=1))
        there = np.ravel_multi_index(tuple(beside[first].T), shape)
        _, among, second = np.intersect1d(there, voxels, assume_unique=True, return_indices=True)
        pairs = np.stack([first[among], second], axis=1)
        found.append(pairs[labels[pairs[:, 0]] == labels[pairs[:, 1]]])
    return np.concatenate(found)


def _tree(pairs: np.ndarray, nodes: int) -> np.ndarray:
    """Return the pairs of a spanning forest, those preferred that stand first."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import minimum_spanning_tree

    # The places in the order are all different, and so there is one least tree whatever way it is searched.
    order = np.arange(1, len(pairs) + 1, dtype=np.float64)
    forest = minimum_spanning_tree(csr_array((order, (pairs[:, 0], pairs[:, 1])), shape=(nodes, nodes)))
    chosen: np.ndarray = pairs[np.sort(forest.data).astype(np.int64) - 1]
    return chosen
