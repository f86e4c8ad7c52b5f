"""Average precision P(t) = TP / (TP + FP + FN) of matched objects, in the conventions of six evaluators.

A prediction and a truth object match when their intersection over union (IoU) passes the threshold t.
The conventions differ in the test, in its arithmetic, in what counts as background and in what an empty image scores:

|            | test    | arithmetic of IoU and t                   | background             | predicted objects    |
|------------|---------|-------------------------------------------|------------------------|----------------------|
| canonical  | IoU > t | exact fractions                           | label 0                | labels but 0         |
| gonuclear  | IoU > t | double, t from linspace(.5, .95, 10)      | smallest label present | labels but the first |
| stardist   | IoU ≥ t | IoU and t rounded to single precision     | label 0                | labels but 0         |
| cellpose   | IoU ≥ t | double, t the decimal .5, .55, …          | label 0                | the greatest label   |
| cellpose4  | IoU ≥ t | double, t the decimal .5, .55, …          | label 0                | all labels but one   |
| elf        | IoU ≥ t | double, t from arange(.5, 1, .05)         | label 0                | labels but 0         |

Only "gonuclear" counts any hit in a row as a true positive; the others count one-to-one partners. Above t = 0.5 the
two agree. "cellpose" is the 3.1 release, "cellpose4" the 4 releases. "gonuclear" (also SPOCO's evaluator) loses one
real object of an image without label 0, and so changes when labels are renamed there; "cellpose" changes with every
renaming. "cellpose4" counts an object too few in an image without label 0, and so may find more matches than objects:
where the library then returns more than 1, or divides by 0, the value is NaN.

"stardist-iot" and "stardist-iop" are StarDist's matching by other criteria: the overlap as a share of the truth
object, or of the predicted one, takes the place of IoU.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, partial

import numpy as np

from harness.errors import RegistryError, nearest
from harness.metrics.counts import Counts, Number, series
from harness.metrics.matching import Matched, one_to_one, rows_and_columns_hit
from harness.metrics.metric import FRACTION, Metric, NanRule
from harness.metrics.overlap import OverlapTable

PERCENTS = tuple(range(50, 100, 5))
DECIMALS = tuple(percent / 100 for percent in PERCENTS)

_DSB = "Caicedo et al. 2019, doi:10.1038/s41592-019-0612-7"


def canonical(table: OverlapTable, threshold: float) -> Matched:
    """Match with a strict test in exact arithmetic."""
    fraction = Fraction(str(threshold))
    pairs = table.objects.candidates(threshold)
    hits = pairs.counts * fraction.denominator > pairs.unions * fraction.numerator
    return one_to_one(pairs, hits, table.n_truth, table.n_pred)


def gonuclear(table: OverlapTable, threshold: float) -> Matched:
    """Match as the GoNuclear and SPOCO evaluators do: the first label is background, any hit in a row counts.

    Where truth holds one value only nothing is looked at.
    """
    if table.truth_ids.size == 1:
        return Matched(0, 0, 0, 0.0)
    pairs = table.after_first.candidates(threshold)
    hits = pairs.iou > threshold
    rows, cols = rows_and_columns_hit(pairs, hits)
    missed, spurious = table.truth_ids.size - 1 - rows, table.pred_ids.size - 1 - cols
    return Matched(rows, spurious, missed, float(pairs.iou[hits].sum()))


def stardist(table: OverlapTable, threshold: float) -> Matched:
    """Match as `stardist.matching.matching` does, IoU and threshold in single precision."""
    pairs = table.objects.candidates(threshold)
    hits = pairs.iou.astype(np.float32) >= np.float32(threshold)
    return one_to_one(pairs, hits, table.n_truth, table.n_pred)


def cellpose(table: OverlapTable, threshold: float) -> Matched:
    """Match as cellpose 3.1 `average_precision` does: the greatest label counts the objects."""
    pairs = table.objects.candidates(threshold)
    return one_to_one(pairs, pairs.iou >= threshold, int(table.truth_ids[-1]), int(table.pred_ids[-1]))


def cellpose4(table: OverlapTable, threshold: float) -> Matched:
    """Match as cellpose 4 `average_precision` does: one label of each image, 0 or not, is taken for the background."""
    n_truth, n_pred = table.truth_ids.size - 1, table.pred_ids.size - 1
    if not n_pred:
        return Matched(0, 0, n_truth, 0.0)
    pairs = table.objects.candidates(threshold)
    return one_to_one(pairs, pairs.iou >= threshold, n_truth, n_pred)


def stardist_share(table: OverlapTable, threshold: float, *, of_truth: bool) -> Matched:
    """Match as `stardist.matching.matching` does with the criterion "iot" (share of the truth object) or "iop"."""
    pairs = table.objects
    share = pairs.counts / (table.truth_sizes[pairs.rows] if of_truth else table.pred_sizes[pairs.cols])
    hits = share.astype(np.float32) >= np.float32(threshold)
    return one_to_one(pairs, hits, table.n_truth, table.n_pred, share)


def elf(table: OverlapTable, threshold: float) -> Matched:
    """Match as `elf.evaluation.matching` does."""
    pairs = table.objects.candidates(threshold)
    return one_to_one(pairs, pairs.iou >= threshold, table.n_truth, table.n_pred)


@dataclass(frozen=True, slots=True)
class Convention:
    """One evaluator: how it matches, its ten thresholds as doubles, and its edge cases.

    match       the counts of an overlap table at a threshold
    empty       P(t) where there is nothing to count: no true or false positive and no false negative
    edge_cases  (toy pair, P(t) up to a threshold and 0 beyond, that threshold in percent)
    """

    name: str
    match: Callable[[OverlapTable, float], Matched]
    empty: float
    thresholds: tuple[float, ...]
    wording: str
    source: str
    edge_cases: tuple[tuple[str, float, int], ...]

    @property
    def nan_rule(self) -> NanRule:
        """Whether P(t) is ever undefined."""
        return "spreads" if math.isnan(self.empty) else "never"

    def precision(self, tp: int, fp: int, fn: int) -> float:
        """Return P = TP / (TP + FP + FN); NaN for counts of which one is negative."""
        if fp < 0 or fn < 0:
            return math.nan
        return tp / (tp + fp + fn) if tp + fp + fn else self.empty


def _edge_cases(
    *,
    both_empty: float = 0.0,
    truth_empty: float = 0.0,
    tie: float = 0.0,
    half_to: int = 50,
    split: int = 55,
    merged_to: int = 50,
    parts_to: int = 50,
    other_background: float = 2 / 3,
    no_background: float = 2 / 3,
    far_ids: float = 1.0,
) -> tuple[tuple[str, float, int], ...]:
    """Return the rows of a convention: `tie` is what an IoU of exactly .5 scores for a lone pair at t = .5, and
    `split` the last threshold, in percent, that an IoU of exactly .6 passes. The other `…_to` are the last thresholds
    that the pairs of their cases pass.
    """
    return (
        ("both empty", both_empty, 95),
        ("truth empty, 2 predicted", truth_empty, 95),
        ("truth of 2, prediction empty", 0.0, 95),
        ("identical", 1.0, 95),
        ("disjoint", 0.0, 95),
        ("half missed, IoU exactly .5", tie, half_to),
        ("1 split 60:40", 0.5, split),
        ("2 merged into 1", tie / 2, merged_to),
        ("1 in two far parts, predicted as 2", tie / 2, parts_to),
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
            1.0,
            DECIMALS,
            "IoU > t in exact arithmetic, label 0 is background; 1 if both images are empty, 0 if one is",
            _DSB,
            _edge_cases(both_empty=1.0),
        ),
        Convention(
            "gonuclear",
            gonuclear,
            1.0,
            tuple(np.linspace(0.5, 0.95, 10).tolist()),
            "IoU > t, the smallest label of each image is background, 0 or not; 1 if truth holds one value only",
            f"Vijayan et al. 2024, doi:10.1242/dev.202800, and its evaluator; {_DSB}",
            _edge_cases(both_empty=1.0, truth_empty=1.0, other_background=1 / 3, no_background=1 / 3),
        ),
        Convention(
            "stardist",
            stardist,
            0.0,
            DECIMALS,
            "IoU >= t in single precision, optimal assignment, label 0 is background; 0 without a match",
            f"Schmidt et al. 2018, doi:10.1007/978-3-030-00934-2_30, stardist.matching; {_DSB}",
            _edge_cases(tie=1.0, split=60),
        ),
        Convention(
            "cellpose",
            cellpose,
            math.nan,
            DECIMALS,
            "IoU >= t, optimal assignment, label 0 is background, the greatest label is the number of objects; "
            "NaN if both images are empty",
            "Stringer et al. 2021, doi:10.1038/s41592-020-01018-x, cellpose 3.1 metrics.average_precision",
            _edge_cases(both_empty=math.nan, tie=1.0, split=60, other_background=2 / 7, far_ids=2 / 2018),
        ),
        Convention(
            "cellpose4",
            cellpose4,
            math.nan,
            DECIMALS,
            "IoU >= t, optimal assignment, label 0 is background, an image has one object fewer than it has values; "
            "NaN if both images are empty, or if that leaves fewer objects than matches",
            "Stringer et al. 2021, doi:10.1038/s41592-020-01018-x, cellpose 4 metrics.average_precision",
            _edge_cases(both_empty=math.nan, tie=1.0, split=60, other_background=1.0, no_background=1.0),
        ),
        Convention(
            "stardist-iot",
            partial(stardist_share, of_truth=True),
            0.0,
            DECIMALS,
            "overlap / truth object >= t in single precision, optimal assignment, label 0 is background; 0 without a "
            "match",
            f"stardist.matching with criterion='iot'; {_DSB}",
            _edge_cases(tie=1.0, split=60, merged_to=95),
        ),
        Convention(
            "stardist-iop",
            partial(stardist_share, of_truth=False),
            0.0,
            DECIMALS,
            "overlap / predicted object >= t in single precision, optimal assignment, label 0 is background; 0 without "
            "a match",
            f"stardist.matching with criterion='iop'; {_DSB}",
            _edge_cases(tie=1.0, half_to=95, split=95, parts_to=95),
        ),
        Convention(
            "elf",
            elf,
            0.0,
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
    chosen = CONVENTIONS[convention]
    tp, fp, fn, _ = chosen.match(table, threshold)
    return chosen.precision(tp, fp, fn)


@cache
def counts_of(name: str) -> Callable[[OverlapTable], Counts]:
    """Return the function that counts the matches of a named convention; one function a convention."""
    return partial(match_counts, convention=CONVENTIONS[name])


def match_counts(table: OverlapTable, convention: Convention) -> Counts:
    """Return true and false positives, false negatives and the sum of matched IoU, each at the ten thresholds."""
    found = [convention.match(table, threshold) for threshold in convention.thresholds]
    return {
        f"{name}.{convention.name}": tuple(values)
        for name, values in zip(Matched._fields, zip(*found, strict=True), strict=True)
    }


def mean_average_precision(counts: Counts, convention: Convention) -> float:
    """Return the mean of P(t) over the ten thresholds of a convention, from its counts."""
    at_each = zip(*_matched(counts, convention), strict=True)
    found = [convention.precision(int(tp), int(fp), int(fn)) for tp, fp, fn in at_each]
    return math.fsum(found) / len(found)


def precisions(images: Sequence[Counts], convention: Convention) -> np.ndarray:
    """Return P(t) of each image at the ten thresholds of a convention, (images, 10) float64, from their counts.

    Raises `LabelError` where an image does not keep the counts.
    """
    matched = np.array([_matched(counts, convention) for counts in images], float).reshape(len(images), 3, -1)
    tp, fp, fn = np.moveaxis(matched, 1, 0)
    total = tp + fp + fn
    found = np.divide(tp, total, out=np.full(tp.shape, convention.empty), where=total != 0)
    found[(fp < 0) | (fn < 0)] = math.nan
    return found


def _precision_at(counts: Counts, convention: Convention, index: int) -> float:
    tp, fp, fn = _matched(counts, convention)
    return convention.precision(int(tp[index]), int(fp[index]), int(fn[index]))


def _matched(counts: Counts, convention: Convention) -> tuple[tuple[Number, ...], ...]:
    """Return true and false positives and false negatives, each at the ten thresholds."""
    name = convention.name
    return series(counts, f"tp.{name}"), series(counts, f"fp.{name}"), series(counts, f"fn.{name}")


def _metrics(convention: Convention) -> tuple[Metric, ...]:
    counts = counts_of(convention.name)
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
        counts=counts,
        value=partial(mean_average_precision, convention=convention),
        nan_rule=convention.nan_rule,
    )
    return (mean, *(_at(convention, index, counts) for index in range(len(PERCENTS))))


def _at(convention: Convention, index: int, counts: Callable[[OverlapTable], Counts]) -> Metric:
    percent, threshold = PERCENTS[index], convention.thresholds[index]
    return Metric(
        id=f"ap{percent}.{convention.name}",
        title=f"average precision at IoU .{percent} ({convention.name})",
        definition=f"P(t) = TP / (TP + FP + FN) at t = {threshold!r}; {convention.wording}",
        source=convention.source,
        direction="higher",
        unit="fraction",
        range=FRACTION,
        edge_cases=tuple((case, value if percent <= last else 0.0) for case, value, last in convention.edge_cases),
        counts=counts,
        value=partial(_precision_at, convention=convention, index=index),
        at=(f"ap.{convention.name}", DECIMALS[index]),
        nan_rule=convention.nan_rule,
    )


POINTS: Mapping[str, tuple[Convention, int]] = {
    f"ap{percent}.{name}": (convention, index)
    for name, convention in CONVENTIONS.items()
    for index, percent in enumerate(PERCENTS)
}
"""By the id of a metric that is a point of a curve, of which it is one and its place there (`precisions`)."""
MEANS: Mapping[str, Convention] = {f"map.{name}": convention for name, convention in CONVENTIONS.items()}
"""By the id of a metric that is the mean of a curve, of which."""
METRICS: tuple[Metric, ...] = tuple(metric for convention in CONVENTIONS.values() for metric in _metrics(convention))
