"""Variation of information: what each segmentation leaves unsaid about the other, in bits.

split = H(prediction | truth) grows when objects are cut, merge = H(truth | prediction) when they are joined. Label 0 is
a segment like any other on both sides, nothing is ignored. Always defined, at least 0.
"""

from __future__ import annotations

import math

import numpy as np

from harness.metrics.counts import Counts, number
from harness.metrics.metric import UNBOUNDED, Metric
from harness.metrics.overlap import OverlapTable

_MEILA = "Meila 2007, doi:10.1016/j.jmva.2006.11.013; skimage.metrics and elf.evaluation variation_of_information"


def information_counts(table: OverlapTable) -> Counts:
    """Count voxels and bits: voi.split and voi.merge are the sums whose mean over voxels is the entropy."""
    return {
        "voxels.all": table.voxels,
        "voi.split": _bits(table, table.truth_sizes[table.rows]),
        "voi.merge": _bits(table, table.pred_sizes[table.cols]),
    }


def split(counts: Counts) -> float:
    """Return H(prediction | truth) in bits."""
    return number(counts, "voi.split") / number(counts, "voxels.all")


def merge(counts: Counts) -> float:
    """Return H(truth | prediction) in bits."""
    return number(counts, "voi.merge") / number(counts, "voxels.all")


def total(counts: Counts) -> float:
    """Return the variation of information, split plus merge, in bits."""
    return split(counts) + merge(counts)


def _bits(table: OverlapTable, given_sizes: np.ndarray) -> float:
    """Return the summed entropy of the pairs, given the segment of `given_sizes`, (p,) int64, each pair lies in."""
    bits = table.counts * np.log2(given_sizes / table.counts)
    return math.fsum(bits.tolist())


METRICS: tuple[Metric, ...] = (
    Metric(
        id="voi.split",
        title="variation of information, split",
        definition="H(prediction | truth), logarithm to base 2, label 0 an ordinary segment; 0 if nothing is cut",
        source=_MEILA,
        direction="lower",
        unit="bit",
        range=UNBOUNDED,
        edge_cases=(
            ("both empty", 0.0),
            ("truth empty, 2 predicted", 1.2083),
            ("truth of 2, prediction empty", 0.0),
            ("identical", 0.0),
            ("1 split 60:40", 0.2427),
            ("2 merged into 1", 0.0),
            ("truth without background, one object predicted as 0", 0.0),
        ),
        counts=information_counts,
        value=split,
        nan_rule="never",
    ),
    Metric(
        id="voi.merge",
        title="variation of information, merge",
        definition="H(truth | prediction), logarithm to base 2, label 0 an ordinary segment; 0 if nothing is joined",
        source=_MEILA,
        direction="lower",
        unit="bit",
        range=UNBOUNDED,
        edge_cases=(
            ("both empty", 0.0),
            ("truth empty, 2 predicted", 0.0),
            ("truth of 2, prediction empty", 1.2083),
            ("identical", 0.0),
            ("1 split 60:40", 0.0),
            ("2 merged into 1", 0.5),
            ("truth without background, one object predicted as 0", 0.0),
        ),
        counts=information_counts,
        value=merge,
        nan_rule="never",
    ),
    Metric(
        id="voi.sum",
        title="variation of information",
        definition="H(prediction | truth) + H(truth | prediction), logarithm to base 2, label 0 an ordinary segment",
        source=_MEILA,
        direction="lower",
        unit="bit",
        range=UNBOUNDED,
        edge_cases=(
            ("both empty", 0.0),
            ("truth empty, 2 predicted", 1.2083),
            ("truth of 2, prediction empty", 1.2083),
            ("identical", 0.0),
            ("1 split 60:40", 0.2427),
            ("2 merged into 1", 0.5),
        ),
        counts=information_counts,
        value=total,
        nan_rule="never",
    ),
)
