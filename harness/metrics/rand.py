"""Adapted Rand error 1 - 2 S / (S_truth + S_pred) in five conventions; sums are exact integers.

S sums the squared overlaps, S_truth and S_pred the squared sizes, over the voxels a convention keeps:

|             | truth 0  | predicted 0              | sums of          | undefined (NaN)             |
|-------------|----------|--------------------------|------------------|-----------------------------|
| cremi       | dropped  | every voxel its own      | squares          | truth without objects       |
| skimage     | dropped  | one ordinary segment     | pairs, n(n - 1)  | no two kept voxels together |
| skimage-all | kept     | one ordinary segment     | pairs, n(n - 1)  | no two voxels together      |
| elf         | kept     | one ordinary segment     | squares          | never                       |
| elf-gt0     | dropped  | one ordinary segment     | squares          | truth without objects       |

Where the library of "elf-gt0" raises ZeroDivisionError the value is NaN. All but "cremi" and the two that keep label 0
score a prediction that misses the only truth object completely as perfect: never read them alone on sparse objects.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from harness.metrics.metric import FRACTION, Metric
from harness.metrics.overlap import OverlapTable

_SNEMI = "Arganda-Carreras et al. 2015, doi:10.3389/fnana.2015.00142"


def sum_of_squares(counts: np.ndarray) -> int:
    """Return the exact sum of squares of non-negative int64 counts that add up to less than 2**39."""
    high, low = counts >> 24, counts & 0xFFFFFF
    return (int(high @ high) << 48) + (int(high @ low) << 25) + int(low @ low)


@dataclass(frozen=True, slots=True, eq=False)
class _Kept:
    """The voxels that are scored: counts of pairs with their columns, and the margins of these voxels alone."""

    cols: np.ndarray
    counts: np.ndarray
    truth_sizes: np.ndarray
    pred_sizes: np.ndarray
    voxels: int


def _kept(table: OverlapTable, *, drop_background: bool) -> _Kept:
    """Return every voxel, or those of truth objects."""
    first = table.first_truth if drop_background else 0
    keep = table.rows >= first
    cols, counts = table.cols[keep], table.counts[keep]
    pred_sizes = np.zeros(table.pred_ids.size, np.int64)
    np.add.at(pred_sizes, cols, counts)
    return _Kept(cols, counts, table.truth_sizes[first:], pred_sizes, int(counts.sum()))


def cremi(table: OverlapTable) -> float:
    """Adapted Rand error of the CREMI evaluation: truth 0 dropped, each voxel predicted as 0 a segment of its own.

    Such a voxel adds 1 / (voxels of the image) to the sums, as the evaluation does, and not 1.
    """
    kept = _kept(table, drop_background=True)
    alone = int(kept.pred_sizes[: table.first_pred].sum())
    both = sum_of_squares(kept.counts[kept.cols >= table.first_pred]) * table.voxels + alone
    pred = sum_of_squares(kept.pred_sizes[table.first_pred :]) * table.voxels + alone
    return _error(both, sum_of_squares(kept.truth_sizes) * table.voxels, pred)


def pair_counts(table: OverlapTable, *, drop_background: bool) -> float:
    """Adapted Rand error of `skimage.metrics.adapted_rand_error`, with `ignore_labels` (0,) or ()."""
    kept = _kept(table, drop_background=drop_background)
    both, truth, pred = (sum_of_squares(n) - kept.voxels for n in (kept.counts, kept.truth_sizes, kept.pred_sizes))
    return _error(both, truth, pred)


def squares(table: OverlapTable, *, drop_background: bool) -> float:
    """Adapted Rand error of `elf.evaluation.rand_index`, with nothing ignored or with `ignore_gt=[0]`."""
    kept = _kept(table, drop_background=drop_background)
    both, truth, pred = (sum_of_squares(n) for n in (kept.counts, kept.truth_sizes, kept.pred_sizes))
    return _error(both, truth, pred)


def _error(both: int, truth: int, pred: int) -> float:
    """Return 1 - 2 both / (truth + pred), rounded once; NaN for 0 / 0."""
    return (truth + pred - 2 * both) / (truth + pred) if truth + pred else math.nan


_CASES = (
    "both empty",
    "truth empty, 2 predicted",
    "truth of 2, prediction empty",
    "identical",
    "half missed, IoU exactly .5",
    "disjoint",
    "1 split 60:40",
    "2 merged into 1",
    "truth without background, one object predicted as 0",
)


def _metric(
    name: str, wording: str, source: str, function: Callable[[OverlapTable], float], values: tuple[float, ...]
) -> Metric:
    return Metric(
        id=f"arand.{name}",
        title=f"adapted Rand error ({name})",
        definition=f"1 - 2 S / (S_truth + S_pred), sums over overlaps and sizes; {wording}",
        source=f"{_SNEMI}, {source}",
        direction="lower",
        unit="fraction",
        range=FRACTION,
        edge_cases=tuple(zip(_CASES, values, strict=True)),
        function=function,
    )


NAN = math.nan

METRICS: tuple[Metric, ...] = (
    _metric(
        "cremi",
        "of squares; truth 0 is dropped, each voxel predicted as 0 is a segment of its own; NaN without truth objects",
        "CREMI evaluation",
        cremi,
        (NAN, NAN, 0.9999, 0.0, 0.6, 0.9998, 0.3158, 0.3333, 0.7552),
    ),
    _metric(
        "skimage",
        "of voxel pairs n(n - 1); truth 0 is dropped, predicted 0 is one segment; NaN if no two kept voxels share one",
        "skimage.metrics.adapted_rand_error",
        partial(pair_counts, drop_background=True),
        (NAN, NAN, 0.2439, 0.0, 0.3378, 0.0, 0.32, 0.3356, 0.0),
    ),
    _metric(
        "skimage-all",
        "of voxel pairs n(n - 1); label 0 is a segment on both sides; NaN if no two voxels share a segment",
        "skimage.metrics.adapted_rand_error with ignore_labels=()",
        partial(pair_counts, drop_background=False),
        (0.0, 0.3289, 0.3289, 0.0, 0.1561, 0.1242, 0.0247, 0.1437, 0.0),
    ),
    _metric(
        "elf",
        "of squares; label 0 is a segment on both sides",
        "elf.evaluation.rand_index",
        partial(squares, drop_background=False),
        (0.0, 0.3278, 0.3278, 0.0, 0.1556, 0.1239, 0.0246, 0.1429, 0.0),
    ),
    _metric(
        "elf-gt0",
        "of squares; truth 0 is dropped, predicted 0 is one segment; NaN without truth objects",
        "elf.evaluation.rand_index with ignore_gt=[0]",
        partial(squares, drop_background=True),
        (NAN, NAN, 0.2417, 0.0, 0.3333, 0.0, 0.3158, 0.3333, 0.0),
    ),
)
