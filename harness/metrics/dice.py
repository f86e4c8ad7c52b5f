"""Symmetric best Dice: each object's best Dice with an object of the other image, averaged; the lesser of both ways.

Dice = 2 |A and B| / (|A| + |B|), label 0 is background and no object. The conventions differ in smoothing and in
empty images:

|       | Dice                               | both empty | one empty |
|-------|------------------------------------|------------|-----------|
| cvppp | as above                           | 1          | 0         |
| spoco | 1 added to numerator, denominator  | NaN        | NaN       |
| elf   | 1e-7 added to denominator          | 0          | 0         |

With "spoco" two objects that share no voxel still have a Dice above 0. Where its library raises ValueError the value
is NaN. "cvppp" follows the published formula; the challenge's own script takes the smallest label of each image for
background and counts gaps between labels as objects.
"""

from __future__ import annotations

import math

import numpy as np

from harness.metrics.metric import FRACTION, Metric
from harness.metrics.overlap import OverlapTable

_CVPPP = "Scharr et al. 2016, doi:10.1007/s00138-015-0737-3"
_ELF_EPSILON = 1e-7


def cvppp(table: OverlapTable) -> float:
    """Symmetric best Dice without smoothing; 1 if both images are empty, 0 if one is."""
    if table.n_truth == table.n_pred == 0:
        return 1.0
    if table.n_truth == 0 or table.n_pred == 0:
        return 0.0
    pairs, total = table.objects, _total(table)
    return _symmetric(table, 2 * pairs.counts / total)


def elf(table: OverlapTable) -> float:
    """Symmetric best Dice of `elf.evaluation.symmetric_best_dice_score`; 0 if an image is empty."""
    if table.n_truth == 0 or table.n_pred == 0:
        return 0.0
    return _symmetric(table, 2 * table.objects.counts / (_total(table) + _ELF_EPSILON))


def spoco(table: OverlapTable) -> float:
    """Symmetric best Dice of SPOCO's evaluation, smoothed by 1; NaN if an image is empty.

    The best partner without overlap is the smallest object of the other image: its Dice bounds every row from below
    (an object that does overlap only reaches more).
    """
    if table.n_truth == 0 or table.n_pred == 0:
        return math.nan
    truth, pred = table.truth_sizes[table.first_truth :], table.pred_sizes[table.first_pred :]
    dice = (2 * table.objects.counts + 1) / (_total(table) + 1)
    return _symmetric(table, dice, 1 / (truth + pred.min() + 1), 1 / (pred + truth.min() + 1))


def mask(table: OverlapTable) -> float:
    """Dice of both foregrounds (label > 0), for a truth that is a semantic mask; 1 if both are empty."""
    truth = int(table.truth_sizes[table.first_truth :].sum())
    pred = int(table.pred_sizes[table.first_pred :].sum())
    return 2 * int(table.objects.counts.sum()) / (truth + pred) if truth + pred else 1.0


def _total(table: OverlapTable) -> np.ndarray:
    """Return |A| + |B| of each pair of objects, (p,) int64."""
    total: np.ndarray = table.truth_sizes[table.objects.rows] + table.pred_sizes[table.objects.cols]
    return total


def _symmetric(
    table: OverlapTable,
    dice: np.ndarray,
    least_truth: np.ndarray | float = 0.0,
    least_pred: np.ndarray | float = 0.0,
) -> float:
    """Return the lesser mean, over truth and over predicted objects, of the best Dice, at least the given one."""
    pairs = table.objects
    best_truth = _best(dice, pairs.rows - table.first_truth, table.n_truth, least_truth)
    best_pred = _best(dice, pairs.cols - table.first_pred, table.n_pred, least_pred)
    return min(best_truth, best_pred)


def _best(dice: np.ndarray, index: np.ndarray, objects: int, least: np.ndarray | float) -> float:
    best = np.zeros(objects)
    best[:] = least
    np.maximum.at(best, index, dice)
    return math.fsum(best.tolist()) / objects


def _metric(name: str, wording: str, source: str, edge_cases: tuple[tuple[str, float], ...]) -> Metric:
    return Metric(
        id=f"sbd.{name}",
        title="Dice of the foregrounds" if name == "mask" else f"symmetric best Dice ({name})",
        definition=wording,
        source=source,
        direction="higher",
        unit="fraction",
        range=FRACTION,
        edge_cases=edge_cases,
        function={"cvppp": cvppp, "spoco": spoco, "elf": elf, "mask": mask}[name],
    )


_FORMULA = (
    "least of mean over truth and mean over predicted objects of the best Dice 2|A&B| / (|A| + |B|); 0 is background"
)

METRICS: tuple[Metric, ...] = (
    _metric(
        "cvppp",
        f"{_FORMULA}; both empty 1, one empty 0",
        _CVPPP,
        (
            ("both empty", 1.0),
            ("truth empty, 2 predicted", 0.0),
            ("truth of 2, prediction empty", 0.0),
            ("identical", 1.0),
            ("disjoint", 0.0),
            ("half missed, IoU exactly .5", 0.6667),
            ("1 split 60:40", (0.75 + 80 / 140) / 2),
            ("2 merged into 1", 0.6667),
            ("background predicted as 7", 0.6667),
            ("ids 10, 20 predicted as 1000, 2000", 1.0),
        ),
    ),
    _metric(
        "spoco",
        f"{_FORMULA}; 1 is added to numerator and denominator; NaN if an image is empty",
        "Wolny et al. 2022, arXiv:2103.14572, and its evaluation",
        (
            ("both empty", math.nan),
            ("truth empty, 2 predicted", math.nan),
            ("truth of 2, prediction empty", math.nan),
            ("identical", 1.0),
            ("disjoint", 0.0196),
            ("half missed, IoU exactly .5", 0.6689),
            ("background predicted as 7", 0.6678),
        ),
    ),
    _metric(
        "elf",
        f"{_FORMULA}; 1e-7 is added to the denominator; 0 if an image is empty",
        f"{_CVPPP}, elf.evaluation.symmetric_best_dice_score",
        (
            ("both empty", 0.0),
            ("truth empty, 2 predicted", 0.0),
            ("truth of 2, prediction empty", 0.0),
            ("identical", 1.0),
            ("disjoint", 0.0),
            ("half missed, IoU exactly .5", 0.6667),
            ("background predicted as 7", 0.6667),
        ),
    ),
    _metric(
        "mask",
        "Dice of the voxels that are not 0 (symmetric best Dice of one object a side); both empty 1, one empty 0",
        f"Dice 1945, doi:10.2307/1932409; {_CVPPP}",
        (
            ("both empty", 1.0),
            ("truth empty, 2 predicted", 0.0),
            ("truth of 2, prediction empty", 0.0),
            ("identical", 1.0),
            ("disjoint", 0.0),
            ("half missed, IoU exactly .5", 0.6667),
            ("1 split 60:40", 1.0),
            ("2 merged into 1", 1.0),
        ),
    ),
)
