"""Symmetric best Dice: each object's best Dice with an object of the other image, averaged; the lesser of both ways.

Dice = 2 |A and B| / (|A| + |B|), label 0 is background and no object. The conventions differ in smoothing and in
empty images:

|              | Dice                               | both empty | one empty |
|--------------|------------------------------------|------------|-----------|
| cvppp        | as above                           | 1          | 0         |
| cvppp-script | as above                           | 0          | 0         |
| spoco        | 1 added to numerator, denominator  | NaN        | NaN       |
| elf          | 1e-7 added to denominator          | 0          | 0         |

With "spoco" two objects that share no voxel still have a Dice above 0. Where its library raises ValueError the value
is NaN. "cvppp" follows the published formula; "cvppp-script" is the challenge's own script, which takes the smallest
label of each image for background and counts gaps between labels as objects, of Dice 0. They differ where labels have
gaps.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import numpy as np

from harness.metrics.counts import Counts, number
from harness.metrics.matching import object_counts
from harness.metrics.metric import FRACTION, Metric
from harness.metrics.overlap import OverlapTable

_CVPPP = "Scharr et al. 2016, doi:10.1007/s00138-015-0737-3"
_ELF_EPSILON = 1e-7


def dice_counts(table: OverlapTable) -> Counts:
    """Count objects, and sum each object's best Dice over truth ("dice.cvppp.truth") and prediction, by convention.

    Where an image has no objects there are no partners, and its sums are 0.
    """
    counts: dict[str, int | float] = {"objects.truth": table.n_truth, "objects.pred": table.n_pred}
    sums = {"cvppp": (0.0, 0.0), "spoco": (0.0, 0.0), "elf": (0.0, 0.0)}
    if table.n_truth and table.n_pred:
        shared, total = table.objects.counts, _total(table)
        sums["cvppp"] = _best_sums(table, 2 * shared / total)
        sums["elf"] = _best_sums(table, 2 * shared / (total + _ELF_EPSILON))
        # The best partner without overlap is the smallest object of the other image: its Dice bounds every row from
        # below (an object that does overlap only reaches more).
        truth, pred = table.truth_sizes[table.first_truth :], table.pred_sizes[table.first_pred :]
        least = (1 / (truth + pred.min() + 1), 1 / (pred + truth.min() + 1))
        sums["spoco"] = _best_sums(table, (2 * shared + 1) / (total + 1), *least)
    for name, (of_truth, of_pred) in sums.items():
        counts[f"dice.{name}.truth"], counts[f"dice.{name}.pred"] = of_truth, of_pred
    return counts


def script_counts(table: OverlapTable) -> Counts:
    """Sum each object's best Dice as CVPPP's script does, and keep by how much the labels of an image span.

    Objects are the labels above the smallest one, 0 or not; "span.truth" and "span.pred" are greatest less smallest
    label.
    """
    pairs = table.after_first
    dice = 2 * pairs.counts / (table.truth_sizes[pairs.rows] + table.pred_sizes[pairs.cols])
    return {
        "span.truth": int(table.truth_ids[-1]) - int(table.truth_ids[0]),
        "span.pred": int(table.pred_ids[-1]) - int(table.pred_ids[0]),
        "dice.cvppp-script.truth": _best_sum(dice, pairs.rows - 1, table.truth_ids.size - 1, 0.0),
        "dice.cvppp-script.pred": _best_sum(dice, pairs.cols - 1, table.pred_ids.size - 1, 0.0),
    }


def script_best_dice(counts: Counts) -> float:
    """Return the lesser of both sides of summed best Dice over the span of labels; 0 without a span."""
    spans = [number(counts, f"span.{side}") for side in ("truth", "pred")]
    sums = [number(counts, f"dice.cvppp-script.{side}") for side in ("truth", "pred")]
    return min((total / span if span else 0.0) for total, span in zip(sums, spans, strict=True))


def symmetric_best_dice(counts: Counts, convention: str, *, both_empty: float, one_empty: float) -> float:
    """Return the lesser of the mean best Dice over truth objects and over predicted ones."""
    n_truth, n_pred = number(counts, "objects.truth"), number(counts, "objects.pred")
    if not n_truth or not n_pred:
        return one_empty if n_truth or n_pred else both_empty
    of_truth, of_pred = (number(counts, f"dice.{convention}.{side}") for side in ("truth", "pred"))
    return min(of_truth / n_truth, of_pred / n_pred)


def mask(counts: Counts) -> float:
    """Dice of both foregrounds (label > 0), for a truth that is a semantic mask; 1 if both are empty."""
    voxels = number(counts, "voxels.truth") + number(counts, "voxels.pred")
    return 2 * number(counts, "voxels.shared") / voxels if voxels else 1.0


def _total(table: OverlapTable) -> np.ndarray:
    """Return |A| + |B| of each pair of objects, (p,) int64."""
    total: np.ndarray = table.truth_sizes[table.objects.rows] + table.pred_sizes[table.objects.cols]
    return total


def _best_sums(
    table: OverlapTable,
    dice: np.ndarray,
    least_truth: np.ndarray | float = 0.0,
    least_pred: np.ndarray | float = 0.0,
) -> tuple[float, float]:
    """Return the sums, over truth and over predicted objects, of the best Dice, at least the given one."""
    pairs = table.objects
    of_truth = _best_sum(dice, pairs.rows - table.first_truth, table.n_truth, least_truth)
    return of_truth, _best_sum(dice, pairs.cols - table.first_pred, table.n_pred, least_pred)


def _best_sum(dice: np.ndarray, index: np.ndarray, objects: int, least: np.ndarray | float) -> float:
    best = np.zeros(objects)
    best[:] = least
    np.maximum.at(best, index, dice)
    return math.fsum(best.tolist())


_EMPTY = {"cvppp": (1.0, 0.0), "spoco": (math.nan, math.nan), "elf": (0.0, 0.0)}
"""What both images empty, and one image empty, score by convention."""


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
        counts=object_counts if name == "mask" else dice_counts,
        value=mask if name == "mask" else _value(name),
        nan_rule="spreads" if name == "spoco" else "never",
    )


def _value(name: str) -> Callable[[Counts], float]:
    both_empty, one_empty = _EMPTY[name]
    return partial(symmetric_best_dice, convention=name, both_empty=both_empty, one_empty=one_empty)


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
    Metric(
        id="sbd.cvppp-script",
        title="symmetric best Dice (cvppp-script)",
        definition="least of both ways of the summed best Dice 2|A&B| / (|A| + |B|) of the labels above the smallest / "
        "(greatest - smallest label); 0 if an image has one label",
        source=f"{_CVPPP}, its evaluation script's SymmetricBestDice",
        direction="higher",
        unit="fraction",
        range=FRACTION,
        edge_cases=(
            ("both empty", 0.0),
            ("truth empty, 2 predicted", 0.0),
            ("truth of 2, prediction empty", 0.0),
            ("identical", 1.0),
            ("disjoint", 0.0),
            ("half missed, IoU exactly .5", 0.6667),
            ("1 split 60:40", (0.75 + 80 / 140) / 2),
            ("2 merged into 1", 0.6667),
            ("background predicted as 7", 1 / 6),
            ("ids 10, 20 predicted as 1000, 2000", 2 / 2000),
        ),
        counts=script_counts,
        value=script_best_dice,
        nan_rule="never",
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
