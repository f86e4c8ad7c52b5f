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
from functools import partial

import numpy as np

from harness.metrics.counts import Counts, number
from harness.metrics.metric import FRACTION, Metric
from harness.metrics.overlap import OverlapTable

_SNEMI = "Arganda-Carreras et al. 2015, doi:10.3389/fnana.2015.00142"


def sum_of_squares(counts: np.ndarray) -> int:
    """Return the exact sum of squares of non-negative int64 counts that add up to less than 2**39."""
    high, low = counts >> 24, counts & 0xFFFFFF
    return (int(high @ high) << 48) + (int(high @ low) << 25) + int(low @ low)


def rand_counts(table: OverlapTable) -> Counts:
    """Count voxels and sums of squares, over all voxels ("rand.all") and over those of truth objects ("rand.gt0").

    voxels     the voxels that are kept
    both       sum of squared overlaps
    truth      sum of squared sizes of the truth's segments
    pred       sum of squared sizes of the prediction's segments, within the voxels kept

    "rand.cremi": the same of `both` and `pred` without label 0 of the prediction, whose kept voxels are `alone`.
    """
    voxels = table.truth_sizes[table.first_truth :]
    counts: dict[str, int] = {"voxels.all": table.voxels, "rand.gt0.truth": sum_of_squares(voxels)}
    cols, overlaps, pred = _of_truth_objects(table)
    counts |= {
        "rand.gt0.voxels": int(overlaps.sum()),
        "rand.gt0.both": sum_of_squares(overlaps),
        "rand.gt0.pred": sum_of_squares(pred),
        "rand.cremi.both": sum_of_squares(overlaps[cols >= table.first_pred]),
        "rand.cremi.pred": sum_of_squares(pred[table.first_pred :]),
        "rand.cremi.alone": int(pred[: table.first_pred].sum()),
        "rand.all.both": sum_of_squares(table.counts),
        "rand.all.truth": sum_of_squares(table.truth_sizes),
        "rand.all.pred": sum_of_squares(table.pred_sizes),
    }
    return counts


def _of_truth_objects(table: OverlapTable) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return columns and counts of the overlaps with truth objects, and the predicted sizes within these."""
    keep = table.rows >= table.first_truth
    cols, overlaps = table.cols[keep], table.counts[keep]
    pred = np.zeros(table.pred_ids.size, np.int64)
    np.add.at(pred, cols, overlaps)
    return cols, overlaps, pred


def cremi(counts: Counts) -> float:
    """Adapted Rand error of the CREMI evaluation: truth 0 dropped, each voxel predicted as 0 a segment of its own.

    Such a voxel adds 1 / (voxels of the image) to the sums, as the evaluation does, and not 1.
    """
    voxels, alone = _whole(counts, "voxels.all"), _whole(counts, "rand.cremi.alone")
    both = _whole(counts, "rand.cremi.both") * voxels + alone
    pred = _whole(counts, "rand.cremi.pred") * voxels + alone
    return _error(both, _whole(counts, "rand.gt0.truth") * voxels, pred)


def pair_counts(counts: Counts, *, drop_background: bool) -> float:
    """Adapted Rand error of `skimage.metrics.adapted_rand_error`, with `ignore_labels` (0,) or ()."""
    kept = "rand.gt0" if drop_background else "rand.all"
    voxels = _whole(counts, "rand.gt0.voxels" if drop_background else "voxels.all")
    both, truth, pred = (_whole(counts, f"{kept}.{name}") - voxels for name in ("both", "truth", "pred"))
    return _error(both, truth, pred)


def squares(counts: Counts, *, drop_background: bool) -> float:
    """Adapted Rand error of `elf.evaluation.rand_index`, with nothing ignored or with `ignore_gt=[0]`."""
    kept = "rand.gt0" if drop_background else "rand.all"
    both, truth, pred = (_whole(counts, f"{kept}.{name}") for name in ("both", "truth", "pred"))
    return _error(both, truth, pred)


def _whole(counts: Counts, name: str) -> int:
    return int(number(counts, name))


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
    name: str, wording: str, source: str, value: Callable[[Counts], float], values: tuple[float, ...]
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
        counts=rand_counts,
        value=value,
        sparse="dense only" if name in ("skimage-all", "elf") else "sparse safe",
        nan_rule="never" if name == "elf" else "spreads",
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
