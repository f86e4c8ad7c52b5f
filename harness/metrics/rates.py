"""F1, precision and recall of finding objects at ten IoU thresholds, and the area under F1 against the threshold.

Matches are those of two conventions of average precision; they differ in ties and in empty images:

|           | test    | arithmetic                   | both empty | no match |
|-----------|---------|------------------------------|------------|----------|
| canonical | IoU > t | exact fractions              | 1          | 0        |
| stardist  | IoU ≥ t | single precision             | 0          | 0        |

`f1.50`, `precision.50` and `recall.50` are the same numbers as `f1.50.canonical` and so on.

The area under F1:

|           | thresholds                                      | partners               | both empty |
|-----------|-------------------------------------------------|------------------------|------------|
| canonical | every t from .5 to 1, exactly; divided by .5    | unique above .5        | 1          |
| panoptica | .1, .2, …, 1, straight lines between; level F1  | IoU ≥ t, best pairs    | 0          |
|           | from 0 to .1                                    | first, one to one      |            |
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

from harness.metrics.ap import DECIMALS, PERCENTS, counts_of
from harness.metrics.counts import Counts, number, series
from harness.metrics.matching import greedy_pairs, object_counts
from harness.metrics.metric import FRACTION, Metric, Sparse
from harness.metrics.overlap import OverlapTable

_DSB = "Caicedo et al. 2019, doi:10.1038/s41592-019-0612-7"
_STARDIST = "Schmidt et al. 2018, doi:10.1007/978-3-030-00934-2_30, stardist.matching"
_PANOPTICA = "Kofler et al. 2023, arXiv:2312.02608, panoptica evaluate_autc with NaiveThresholdMatching"
AREA_THRESHOLDS = tuple(tenth / 10 for tenth in range(1, 11))


@dataclass(frozen=True, slots=True)
class Rate:
    """A share of matched objects: weight · TP over weight · TP plus the named errors."""

    name: str
    title: str
    formula: str
    weight: int
    errors: tuple[str, ...]
    sparse: Sparse = "dense only"


RATES: tuple[Rate, ...] = (
    Rate("f1", "F1 score", "2 TP / (2 TP + FP + FN)", 2, ("fp", "fn")),
    Rate("precision", "precision", "TP / (TP + FP)", 1, ("fp",)),
    Rate("recall", "recall", "TP / (TP + FN)", 1, ("fn",), "sparse safe"),
)
WORDING = {
    "canonical": "match: IoU > t in exact arithmetic, label 0 is background; both empty 1, one empty 0",
    "stardist": "match: IoU >= t in single precision, optimal assignment, label 0 is background; 0 without a match",
}
SOURCES = {"canonical": _DSB, "stardist": f"{_STARDIST}; {_DSB}"}
_BOTH_EMPTY = {"canonical": 1.0, "stardist": 0.0}


def rate(counts: Counts, convention: str, index: int, rate: Rate) -> float:
    """Return a rate at one of the ten thresholds, from the counts of a convention."""
    tp, fp, fn = (int(series(counts, f"{name}.{convention}")[index]) for name in ("tp", "fp", "fn"))
    if not tp + fp + fn:
        return _BOTH_EMPTY[convention]
    whole = rate.weight * tp + sum({"fp": fp, "fn": fn}[error] for error in rate.errors)
    return rate.weight * tp / whole if whole else 0.0


def area_canonical(counts: Counts) -> float:
    """Return twice the area under F1(t) for t from .5 to 1: a match of IoU u counts from .5 to u."""
    objects = number(counts, "objects.truth") + number(counts, "objects.pred")
    if not objects:
        return 1.0
    return (4 * number(counts, "match.50.iou") - 2 * number(counts, "match.50")) / objects


def greedy_counts(table: OverlapTable) -> Counts:
    """Count objects, and the one-to-one matches, best first, at IoU .1, .2, …, 1."""
    pairs = table.objects
    best = greedy_pairs(pairs, pairs.iou >= 0)
    iou = pairs.iou[best]
    return {
        "objects.truth": table.n_truth,
        "objects.pred": table.n_pred,
        "tp.greedy": tuple(int((iou >= threshold).sum()) for threshold in AREA_THRESHOLDS),
    }


def area_panoptica(counts: Counts) -> float:
    """Return the area under the straight lines between F1 at .1, .2, …, 1, level from 0 to .1."""
    objects = number(counts, "objects.truth") + number(counts, "objects.pred")
    if not objects:
        return 0.0
    f1 = [2 * found / objects for found in series(counts, "tp.greedy")]
    return 0.1 * math.fsum([f1[0], *((low + high) / 2 for low, high in pairwise(f1))])


def _edge_cases(convention: str, rate: Rate, percent: int) -> tuple[tuple[str, float], ...]:
    """Return the rows of a rate: matches, predicted and true objects of each toy pair."""
    tie = convention == "stardist" and percent == 50
    split = percent < 60 or (convention == "stardist" and percent == 60)
    cases = (
        ("truth empty, 2 predicted", 0, 2, 0),
        ("truth of 2, prediction empty", 0, 0, 2),
        ("identical", 2, 2, 2),
        ("disjoint", 0, 1, 1),
        ("half missed, IoU exactly .5", int(tie), 1, 1),
        ("1 split 60:40", int(split), 2, 1),
        ("2 merged into 1", int(tie), 1, 2),
        ("background predicted as 7", 2, 3, 2),
        ("ids 10, 20 predicted as 1000, 2000", 2, 2, 2),
    )
    return (
        ("both empty", _BOTH_EMPTY[convention]),
        *((case, rate.weight * found / max(_whole(rate, pred, truth), 1)) for case, found, pred, truth in cases),
    )


def _whole(rate: Rate, pred: int, truth: int) -> int:
    """Return what a rate is a share of: all objects, predicted ones or true ones."""
    return {"f1": pred + truth, "precision": pred, "recall": truth}[rate.name]


def _rate_metric(convention: str, one: Rate, index: int) -> Metric:
    percent = PERCENTS[index]
    return Metric(
        id=f"{one.name}.{percent}.{convention}",
        title=f"{one.title} at IoU .{percent} ({convention})",
        definition=f"{one.formula} at t = {DECIMALS[index]!r}; {WORDING[convention]}",
        source=SOURCES[convention],
        direction="higher",
        unit="fraction",
        range=FRACTION,
        edge_cases=_edge_cases(convention, one, percent),
        counts=counts_of(convention),
        value=partial(rate, convention=convention, index=index, rate=one),
        at=(f"{one.name}.{convention}", DECIMALS[index]),
        sparse=one.sparse,
        nan_rule="never",
    )


def _area_metric(
    name: str,
    definition: str,
    source: str,
    counts: Callable[[OverlapTable], Counts],
    value: Callable[[Counts], float],
    edge_cases: tuple[tuple[str, float], ...],
) -> Metric:
    return Metric(
        id=f"f1-area.{name}",
        title=f"area under F1 against IoU ({name})",
        definition=definition,
        source=source,
        direction="higher",
        unit="fraction",
        range=FRACTION,
        edge_cases=edge_cases,
        counts=counts,
        value=value,
        nan_rule="never",
    )


METRICS: tuple[Metric, ...] = (
    *(
        _rate_metric(convention, one, index)
        for convention in WORDING
        for one in RATES
        for index in range(len(PERCENTS))
    ),
    _area_metric(
        "canonical",
        "mean of F1(t) = 2 TP / (2 TP + FP + FN) over every t from .5 to 1, exactly; match: IoU > t, label 0 is "
        "background; both empty 1, one empty 0",
        _DSB,
        object_counts,
        area_canonical,
        (
            ("both empty", 1.0),
            ("truth empty, 2 predicted", 0.0),
            ("truth of 2, prediction empty", 0.0),
            ("identical", 1.0),
            ("disjoint", 0.0),
            ("half missed, IoU exactly .5", 0.0),
            ("1 split 60:40", 2 / 3 * 0.1 / 0.5),
            ("2 merged into 1", 0.0),
            ("background predicted as 7", 0.8),
        ),
    ),
    _area_metric(
        "panoptica",
        "area under F1(t) = 2 TP / (2 TP + FP + FN) from t = 0 to 1, by straight lines between t = .1, .2, ..., 1, "
        "level below .1; match: IoU >= t, best pairs first, one to one, label 0 is background; 0 without a match",
        _PANOPTICA,
        greedy_counts,
        area_panoptica,
        (
            ("both empty", 0.0),
            ("truth empty, 2 predicted", 0.0),
            ("truth of 2, prediction empty", 0.0),
            ("identical", 1.0),
            ("disjoint", 0.0),
            ("half missed, IoU exactly .5", 0.55),
            ("1 split 60:40", 2 / 3 * 0.65),
            ("2 merged into 1", 2 / 3 * 0.55),
            ("background predicted as 7", 0.8),
        ),
    ),
)
