"""Average precision P(t) = TP / (TP + FP + FN) of matched objects, in the conventions of five evaluators.

A prediction and a truth object match when their intersection over union (IoU) passes the threshold t.
The conventions differ in the test, in its arithmetic, in what counts as background and in what an empty image scores:

|            | test    | arithmetic of IoU and t                   | background             | predicted objects    |
|------------|---------|-------------------------------------------|------------------------|----------------------|
| canonical  | IoU > t | exact fractions                           | label 0                | labels but 0         |
| gonuclear  | IoU > t | double, t from linspace(.5, .95, 10)      | smallest label present | labels but the first |
| stardist   | IoU ≥ t | IoU and t rounded to single precision     | label 0                | labels but 0         |
| cellpose   | IoU ≥ t | double, t the decimal .5, .55, …          | label 0                | the greatest label   |
| elf        | IoU ≥ t | double, t from arange(.5, 1, .05)         | label 0                | labels but 0         |

Only "gonuclear" counts any hit in a row as a true positive; the others count one-to-one partners. Above t = 0.5 the
two agree. "cellpose" is the 3.1 release. "gonuclear" (also SPOCO's evaluator) loses one real object of an image
without label 0, and so changes when labels are renamed there; "cellpose" changes with every renaming.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import partial

import numpy as np

from harness.errors import RegistryError, nearest
from harness.metrics.matching import matched, rows_and_columns_hit
from harness.metrics.metric import FRACTION, Metric
from harness.metrics.overlap import OverlapTable

PERCENTS = tuple(range(50, 100, 5))
DECIMALS = tuple(percent / 100 for percent in PERCENTS)

_DSB = "Caicedo et al. 2019, doi:10.1038/s41592-019-0612-7"


def canonical(table: OverlapTable, threshold: float) -> float:
    """P(t) with a strict test in exact arithmetic; 1 if both images are empty, 0 if one is."""
    if table.n_truth == table.n_pred == 0:
        return 1.0
    fraction = Fraction(str(threshold))
    pairs = table.objects.candidates(threshold)
    hits = pairs.counts * fraction.denominator > pairs.unions * fraction.numerator
    return _precision(matched(pairs, hits), table.n_pred, table.n_truth)


def gonuclear(table: OverlapTable, threshold: float) -> float:
    """P(t) of the GoNuclear and SPOCO evaluators: 1 if truth holds one value only; the first label is background."""
    if table.truth_ids.size == 1:
        return 1.0
    pairs = table.after_first.candidates(threshold)
    rows, cols = rows_and_columns_hit(pairs, pairs.iou > threshold)
    missed, spurious = table.truth_ids.size - 1 - rows, table.pred_ids.size - 1 - cols
    return rows / (rows + missed + spurious) if rows else 0.0


def stardist(table: OverlapTable, threshold: float) -> float:
    """P(t), the `accuracy` of `stardist.matching.matching`: 0 without a match, even if both images are empty."""
    pairs = table.objects.candidates(threshold)
    hits = pairs.iou.astype(np.float32) >= np.float32(threshold)
    return _precision(matched(pairs, hits), table.n_pred, table.n_truth)


def cellpose(table: OverlapTable, threshold: float) -> float:
    """P(t) of cellpose 3.1 `average_precision`: the greatest label counts the objects; NaN if both are empty."""
    n_truth, n_pred = int(table.truth_ids[-1]), int(table.pred_ids[-1])
    if n_truth == n_pred == 0:
        return math.nan
    pairs = table.objects.candidates(threshold)
    return _precision(matched(pairs, pairs.iou >= threshold), n_pred, n_truth)


def elf(table: OverlapTable, threshold: float) -> float:
    """P(t), the segmentation accuracy of `elf.evaluation.matching`: 0 without a match, even if both are empty."""
    pairs = table.objects.candidates(threshold)
    return _precision(matched(pairs, pairs.iou >= threshold), table.n_pred, table.n_truth)


def _precision(true_positives: int, n_pred: int, n_truth: int) -> float:
    return true_positives / (n_pred + n_truth - true_positives) if true_positives else 0.0


@dataclass(frozen=True, slots=True)
class Convention:
    """One evaluator: its P(t), its ten thresholds as doubles, and its edge cases.

    edge_cases  (toy pair, P(t) up to a threshold and 0 beyond, that threshold in percent)
    """

    name: str
    precision: Callable[[OverlapTable, float], float]
    thresholds: tuple[float, ...]
    wording: str
    source: str
    edge_cases: tuple[tuple[str, float, int], ...]


def _edge_cases(
    *,
    both_empty: float = 0.0,
    truth_empty: float = 0.0,
    tie: float = 0.0,
    split: int = 55,
    other_background: float = 2 / 3,
    no_background: float = 2 / 3,
    far_ids: float = 1.0,
) -> tuple[tuple[str, float, int], ...]:
    """Return the rows of a convention: `tie` is what an IoU of exactly .5 scores for a lone pair at t = .5, and
    `split` the last threshold, in percent, that an IoU of exactly .6 passes.
    """
    return (
        ("both empty", both_empty, 95),
        ("truth empty, 2 predicted", truth_empty, 95),
        ("truth of 2, prediction empty", 0.0, 95),
        ("identical", 1.0, 95),
        ("disjoint", 0.0, 95),
        ("half missed, IoU exactly .5", tie, 50),
        ("1 split 60:40", 0.5, split),
        ("2 merged into 1", tie / 2, 50),
        ("1 in two far parts, predicted as 2", tie / 2, 50),
        ("background predicted as 7", other_background, 95),
        ("truth without background, one object predicted as 0", no_background, 95),
        ("ids 10, 20 predicted as 1000, 2000", far_ids, 95),
    )


CONVENTIONS: dict[str, Convention] = {
    convention.name: convention
    for convention in (
        Convention(
            "canonical",
            canonical,
            DECIMALS,
            "IoU > t in exact arithmetic, label 0 is background; 1 if both images are empty, 0 if one is",
            _DSB,
            _edge_cases(both_empty=1.0),
        ),
        Convention(
            "gonuclear",
            gonuclear,
            tuple(np.linspace(0.5, 0.95, 10).tolist()),
            "IoU > t, the smallest label of each image is background, 0 or not; 1 if truth holds one value only",
            f"Vijayan et al. 2024, doi:10.1242/dev.202800, and its evaluator; {_DSB}",
            _edge_cases(both_empty=1.0, truth_empty=1.0, other_background=1 / 3, no_background=1 / 3),
        ),
        Convention(
            "stardist",
            stardist,
            DECIMALS,
            "IoU >= t in single precision, optimal assignment, label 0 is background; 0 without a match",
            f"Schmidt et al. 2018, doi:10.1007/978-3-030-00934-2_30, stardist.matching; {_DSB}",
            _edge_cases(tie=1.0, split=60),
        ),
        Convention(
            "cellpose",
            cellpose,
            DECIMALS,
            "IoU >= t, optimal assignment, label 0 is background, the greatest label is the number of objects; "
            "NaN if both images are empty",
            "Stringer et al. 2021, doi:10.1038/s41592-020-01018-x, cellpose 3.1 metrics.average_precision",
            _edge_cases(both_empty=math.nan, tie=1.0, split=60, other_background=2 / 7, far_ids=2 / 2018),
        ),
        Convention(
            "elf",
            elf,
            tuple(np.arange(0.5, 1.0, 0.05).tolist()),
            "IoU >= t, optimal assignment, label 0 is background; 0 without a match",
            f"python-elf evaluation.matching; {_DSB}",
            _edge_cases(tie=1.0),
        ),
    )
}


def average_precision(table: OverlapTable, convention: str, *, threshold: float) -> float:
    """Return P(t) at any threshold in (0, 1] of a named convention; raises `RegistryError` for an unknown one."""
    if convention not in CONVENTIONS:
        raise RegistryError(f"unknown convention '{convention}' of average precision{nearest(convention, CONVENTIONS)}")
    return CONVENTIONS[convention].precision(table, threshold)


def mean_average_precision(table: OverlapTable, convention: Convention) -> float:
    """Return the mean of P(t) over the ten thresholds of a convention."""
    return math.fsum(convention.precision(table, t) for t in convention.thresholds) / len(convention.thresholds)


def _metrics(convention: Convention) -> tuple[Metric, ...]:
    mean = Metric(
        id=f"map.{convention.name}",
        title=f"mean average precision ({convention.name})",
        definition=f"mean over t = .50, .55, ..., .95 of P(t) = TP / (TP + FP + FN); {convention.wording}",
        source=convention.source,
        direction="higher",
        unit="fraction",
        range=FRACTION,
        edge_cases=tuple(
            (case, value * sum(percent <= last for percent in PERCENTS) / len(PERCENTS))
            for case, value, last in convention.edge_cases
        ),
        function=partial(mean_average_precision, convention=convention),
    )
    return (mean, *(_at(convention, percent, t) for percent, t in zip(PERCENTS, convention.thresholds, strict=True)))


def _at(convention: Convention, percent: int, threshold: float) -> Metric:
    return Metric(
        id=f"ap{percent}.{convention.name}",
        title=f"average precision at IoU .{percent} ({convention.name})",
        definition=f"P(t) = TP / (TP + FP + FN) at t = {threshold!r}; {convention.wording}",
        source=convention.source,
        direction="higher",
        unit="fraction",
        range=FRACTION,
        edge_cases=tuple((case, value if percent <= last else 0.0) for case, value, last in convention.edge_cases),
        function=partial(average_precision, convention=convention.name, threshold=threshold),
        at=(f"ap.{convention.name}", percent / 100),
    )


METRICS: tuple[Metric, ...] = tuple(metric for convention in CONVENTIONS.values() for metric in _metrics(convention))
