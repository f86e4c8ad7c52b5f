"""Variation of information: what each segmentation leaves unsaid about the other, in bits.

split = H(prediction | truth) grows when objects are cut, merge = H(truth | prediction) when they are joined; both are
at least 0. Evaluators disagree on which voxels count; label 0 is a segment like any other among those that do:

|           | voxels                          | nothing left | as in                                             |
|-----------|---------------------------------|--------------|---------------------------------------------------|
| all       | every one                       | never        | elf, skimage                                      |
| gt0       | of truth objects                | NaN          | CREMI's function, elf ignore_gt=[0], skimage (0,) |
| both0     | of objects in both              | NaN          | gala, bioimage-py ignore_gt=[0], ignore_seg=[0]   |
| elf-both0 | of objects in one of the images | NaN          | elf ignore_gt=[0], ignore_seg=[0]                 |

`voi.split`, `voi.merge` and `voi.sum` are the same numbers as `voi.split.all` and so on. "both0" calls a prediction
that misses whole objects perfect: never read it alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from harness.metrics.counts import Counts, number
from harness.metrics.metric import UNBOUNDED, Metric
from harness.metrics.overlap import OverlapTable

_MEILA = "Meila 2007, doi:10.1016/j.jmva.2006.11.013"


def information_counts(table: OverlapTable) -> Counts:
    """Count voxels and bits: voi.split and voi.merge are the sums whose mean over voxels is the entropy."""
    return {
        "voxels.all": table.voxels,
        "voi.split": _bits(table.counts, table.truth_sizes[table.rows]),
        "voi.merge": _bits(table.counts, table.pred_sizes[table.cols]),
    }


def kept_counts(table: OverlapTable, *, name: str) -> Counts:
    """Count voxels, and bits, of the voxels that the convention of a name keeps, under "voi.<name>"."""
    true, predicted = table.rows >= table.first_truth, table.cols >= table.first_pred
    keep = {"gt0": true, "both0": true & predicted, "elf-both0": true | predicted}[name]
    rows, cols, counts = table.rows[keep], table.cols[keep], table.counts[keep]
    truth_sizes, pred_sizes = np.zeros(table.truth_ids.size, np.int64), np.zeros(table.pred_ids.size, np.int64)
    np.add.at(truth_sizes, rows, counts)
    np.add.at(pred_sizes, cols, counts)
    return {
        f"voi.{name}.voxels": int(counts.sum()),
        f"voi.{name}.split": _bits(counts, truth_sizes[rows]),
        f"voi.{name}.merge": _bits(counts, pred_sizes[cols]),
    }


def entropy(counts: Counts, parts: tuple[str, ...], voxels: str) -> float:
    """Return the sum of some bits over the voxels they were counted in; NaN without any voxel."""
    kept = number(counts, voxels)
    return sum(number(counts, part) / kept for part in parts) if kept else math.nan


def _bits(counts: np.ndarray, given_sizes: np.ndarray) -> float:
    """Return the summed entropy of the pairs, given the segment of `given_sizes`, (p,) int64, each pair lies in."""
    bits = counts * np.log2(given_sizes / counts)
    return math.fsum(bits.tolist())


@dataclass(frozen=True, slots=True)
class Convention:
    """Which voxels count, and what the pairs without truth, without prediction and without either score.

    truth_empty, pred_empty   (split, merge) where only the prediction, or only the truth, has objects
    both_empty                split and merge of two empty images
    """

    name: str
    counts: Callable[[OverlapTable], Counts]
    names: dict[str, str]
    voxels: str
    wording: str
    source: str
    both_empty: float
    truth_empty: tuple[float, float]
    pred_empty: tuple[float, float]


ALL = Convention(
    "all",
    information_counts,
    {"split": "voi.split", "merge": "voi.merge"},
    "voxels.all",
    "label 0 an ordinary segment",
    f"{_MEILA}; skimage.metrics and elf.evaluation variation_of_information",
    0.0,
    (1.2083, 0.0),
    (0.0, 1.2083),
)
_NONE = (math.nan, math.nan)
CONVENTIONS: tuple[Convention, ...] = (
    ALL,
    Convention(
        "gt0",
        partial(kept_counts, name="gt0"),
        {"split": "voi.gt0.split", "merge": "voi.gt0.merge"},
        "voi.gt0.voxels",
        "voxels of truth 0 dropped, predicted 0 an ordinary segment; NaN without truth objects",
        f"{_MEILA}; CREMI evaluation, elf with ignore_gt=[0], skimage with ignore_labels=(0,)",
        math.nan,
        _NONE,
        (0.0, 0.8338),
    ),
    Convention(
        "both0",
        partial(kept_counts, name="both0"),
        {"split": "voi.both0.split", "merge": "voi.both0.merge"},
        "voi.both0.voxels",
        "voxels of truth 0 and of predicted 0 dropped; NaN if no voxel lies in objects of both",
        f"{_MEILA}; gala, bioimage-py with ignore_gt=[0] and ignore_seg=[0]",
        math.nan,
        _NONE,
        _NONE,
    ),
    Convention(
        "elf-both0",
        partial(kept_counts, name="elf-both0"),
        {"split": "voi.elf-both0.split", "merge": "voi.elf-both0.merge"},
        "voi.elf-both0.voxels",
        "voxels that are 0 in truth and prediction dropped, other 0 an ordinary segment; NaN if both are empty",
        f"{_MEILA}; elf with ignore_gt=[0] and ignore_seg=[0]",
        math.nan,
        (0.8338, 0.0),
        (0.0, 0.8338),
    ),
)
_TITLES = {
    "split": "variation of information, split",
    "merge": "variation of information, merge",
    "sum": "variation of information",
}
_FORMULAS = {
    "split": "H(prediction | truth), logarithm to base 2",
    "merge": "H(truth | prediction), logarithm to base 2",
    "sum": "H(prediction | truth) + H(truth | prediction), logarithm to base 2",
}
_SPLIT_60_40 = 0.9710
"""Bits of a split 60:40 for each voxel of the object."""


def _edge_cases(part: str, convention: Convention) -> tuple[tuple[str, float], ...]:
    in_object = 0.25 if convention is ALL else 1.0
    rows = (
        ("both empty", convention.both_empty, convention.both_empty),
        ("truth empty, 2 predicted", *convention.truth_empty),
        ("truth of 2, prediction empty", *convention.pred_empty),
        ("identical", 0.0, 0.0),
        ("1 split 60:40", in_object * _SPLIT_60_40, 0.0),
        ("2 merged into 1", 0.0, 0.5 if convention is ALL else 1.0),
        ("truth without background, one object predicted as 0", 0.0, 0.0),
    )
    chosen = {"split": (1, 0), "merge": (0, 1), "sum": (1, 1)}[part]
    return tuple((case, sum(x for x, keep in zip((s, m), chosen, strict=True) if keep)) for case, s, m in rows)


def _metric(part: str, convention: Convention, *, is_short: bool) -> Metric:
    same = f"; the same number as voi.{part}.all" if is_short else ""
    parts = tuple(convention.names.values()) if part == "sum" else (convention.names[part],)
    return Metric(
        id=f"voi.{part}" if is_short else f"voi.{part}.{convention.name}",
        title=_TITLES[part] if is_short else f"{_TITLES[part]} ({convention.name})",
        definition=f"{_FORMULAS[part]}, {convention.wording}{same}",
        source=convention.source,
        direction="lower",
        unit="bit",
        range=UNBOUNDED,
        edge_cases=_edge_cases(part, convention),
        counts=convention.counts,
        value=partial(entropy, parts=parts, voxels=convention.voxels),
        sparse="sparse safe" if convention.name in ("gt0", "both0") else "dense only",
        nan_rule="never" if convention is ALL else "spreads",
    )


METRICS: tuple[Metric, ...] = (
    *(_metric(part, ALL, is_short=True) for part in _TITLES),
    *(_metric(part, convention, is_short=False) for convention in CONVENTIONS for part in _TITLES),
)
