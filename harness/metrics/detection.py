"""How many objects there are, and precision, recall and F1 of finding them.

Objects match when IoU > 0.5 (exactly compared); label 0 is background and no object. Where both images are empty
precision, recall and F1 are 1; where one is empty, 0. The same numbers under ids that say so: `f1.50.canonical`, …

Numbers of objects are compared in four ways: `count.difference` (DiC, predicted less true), `count.error` (|DiC|, by
the labels that are there), `count.error.cvppp-script` (|DiC| as CVPPP's script has it: greatest less smallest label,
so that a gap counts as an object and an image without label 0 has one fewer) and `count.relative-error`. Pooled, they
compare the summed numbers: errors of different sign cancel.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from harness.metrics.counts import Counts, number
from harness.metrics.dice import script_counts
from harness.metrics.matching import object_counts
from harness.metrics.metric import FRACTION, UNBOUNDED, Direction, Metric

_DSB = "Caicedo et al. 2019, doi:10.1038/s41592-019-0612-7"
_CVPPP = "Scharr et al. 2016, doi:10.1007/s00138-015-0737-3"


def truth_count(counts: Counts) -> float:
    """Return the number of truth objects."""
    return float(number(counts, "objects.truth"))


def pred_count(counts: Counts) -> float:
    """Return the number of predicted objects."""
    return float(number(counts, "objects.pred"))


def count_error(counts: Counts) -> float:
    """Return how many objects are predicted too many or too few."""
    return float(abs(number(counts, "objects.pred") - number(counts, "objects.truth")))


def count_difference(counts: Counts) -> float:
    """Return how many objects are predicted too many; negative if there are too few."""
    return float(number(counts, "objects.pred") - number(counts, "objects.truth"))


def relative_error(counts: Counts) -> float:
    """Return |predicted - true| / true; without true objects 0 if none is predicted either, else NaN."""
    truth, pred = number(counts, "objects.truth"), number(counts, "objects.pred")
    if not truth:
        return math.nan if pred else 0.0
    return abs(pred - truth) / truth


def span_error(counts: Counts) -> float:
    """Return by how much the ranges of labels differ, greatest less smallest label of each image."""
    return float(abs(number(counts, "span.pred") - number(counts, "span.truth")))


def f1(counts: Counts) -> float:
    """Return 2 TP / (2 TP + FP + FN)."""
    return _share(counts, 2, "objects.truth", "objects.pred")


def precision(counts: Counts) -> float:
    """Return TP / (TP + FP), the share of predicted objects that match."""
    return _share(counts, 1, "objects.pred")


def recall(counts: Counts) -> float:
    """Return TP / (TP + FN), the share of truth objects that match."""
    return _share(counts, 1, "objects.truth")


def _share(counts: Counts, weight: int, *sides: str) -> float:
    """Return weighted matches over the objects of some sides; 1 without any object at all."""
    if not number(counts, "objects.truth") and not number(counts, "objects.pred"):
        return 1.0
    whole = sum(number(counts, side) for side in sides)
    return weight * number(counts, "match.50") / whole if whole else 0.0


_COUNT_CASES = (
    "both empty",
    "truth empty, 2 predicted",
    "truth of 2, prediction empty",
    "identical",
    "1 split 60:40",
)


def _count_metric(
    name: str, title: str, direction: Direction, value: Callable[[Counts], float], expected: tuple[float, ...]
) -> Metric:
    return Metric(
        id=f"count.{name}",
        title=title,
        definition=f"{title}; an object is a label other than 0, however many parts it has",
        source="plain count",
        direction=direction,
        unit="count",
        range=UNBOUNDED,
        edge_cases=tuple(zip(_COUNT_CASES, expected, strict=True)),
        counts=object_counts,
        value=value,
        sparse="sparse safe" if name == "truth" else "dense only",
        nan_rule="never",
    )


def _match_metric(
    name: str, title: str, formula: str, value: Callable[[Counts], float], split: float, extra: float
) -> Metric:
    return Metric(
        id=f"{name}.50",
        title=f"{title} at IoU .50",
        definition=f"{formula}, match: IoU > .5, label 0 is background; both empty 1, one empty 0",
        source=_DSB,
        direction="higher",
        unit="fraction",
        range=FRACTION,
        edge_cases=(
            ("both empty", 1.0),
            ("truth empty, 2 predicted", 0.0),
            ("truth of 2, prediction empty", 0.0),
            ("identical", 1.0),
            ("disjoint", 0.0),
            ("half missed, IoU exactly .5", 0.0),
            ("1 split 60:40", split),
            ("2 merged into 1", 0.0),
            ("background predicted as 7", extra),
        ),
        counts=object_counts,
        value=value,
        sparse="sparse safe" if name == "recall" else "dense only",
        nan_rule="never",
    )


METRICS: tuple[Metric, ...] = (
    _count_metric("truth", "number of truth objects", "none", truth_count, (0, 0, 2, 2, 1)),
    _count_metric("pred", "number of predicted objects", "none", pred_count, (0, 2, 0, 2, 2)),
    _count_metric("error", "predicted objects too many or too few", "lower", count_error, (0, 2, 2, 0, 1)),
    Metric(
        id="count.difference",
        title="difference in count, DiC",
        definition="predicted less true objects; an object is a label other than 0, however many parts it has",
        source=_CVPPP,
        direction="none",
        unit="count",
        range=(-math.inf, math.inf),
        edge_cases=tuple(zip(_COUNT_CASES, (0, 2, -2, 0, 1), strict=True)),
        counts=object_counts,
        value=count_difference,
        nan_rule="never",
    ),
    Metric(
        id="count.error.cvppp-script",
        title="absolute difference in count, |DiC| of CVPPP's script",
        definition="|(greatest - smallest predicted label) - (greatest - smallest true label)|: gaps between labels "
        "count as objects, the smallest label is background",
        source=f"{_CVPPP}, its evaluation script's AbsDiffFGLabels",
        direction="lower",
        unit="count",
        range=UNBOUNDED,
        edge_cases=(
            *zip(_COUNT_CASES, (0, 2, 2, 0, 1), strict=True),
            ("background predicted as 7", 4),
            ("ids 10, 20 predicted as 1000, 2000", 1980),
        ),
        counts=script_counts,
        value=span_error,
        nan_rule="never",
    ),
    Metric(
        id="count.relative-error",
        title="relative count error",
        definition="|predicted - true objects| / true objects; without true objects 0 if none is predicted, else NaN",
        source=f"difference in count of {_CVPPP}, as a share of the true number",
        direction="lower",
        unit="fraction",
        range=UNBOUNDED,
        edge_cases=tuple(zip(_COUNT_CASES, (0, math.nan, 1, 0, 1), strict=True)),
        counts=object_counts,
        value=relative_error,
    ),
    _match_metric("f1", "F1 score", "2 TP / (2 TP + FP + FN)", f1, 2 / 3, 0.8),
    _match_metric("precision", "precision", "TP / (TP + FP)", precision, 0.5, 2 / 3),
    _match_metric("recall", "recall", "TP / (TP + FN)", recall, 1.0, 1.0),
)
