"""Panoptic quality of one class and its two factors: how well matched objects fit, and how many are matched.

`pq` is SQ · RQ: the mean IoU of matched objects times F1. Label 0 is background and no object. Evaluators disagree at
an IoU of exactly one half and in empty images:

|           | test     | arithmetic       | both empty | one empty, or no match |
|-----------|----------|------------------|------------|------------------------|
| canonical | IoU > .5 | exact            | 1          | 0                      |
| stardist  | IoU ≥ .5 | single precision | 0          | 0                      |
| panoptica | IoU ≥ .5 | exact            | NaN        | 0                      |

An IoU of exactly one half may be had with two objects; one of them is a partner, and every choice scores alike. `pq`,
`sq` and `rq` are the same numbers as `pq.canonical`, `sq.canonical` and `rq.canonical`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from harness.metrics.ap import counts_of
from harness.metrics.counts import Counts, number, series
from harness.metrics.matching import exact_sum, matched_pairs, object_counts
from harness.metrics.metric import FRACTION, Metric
from harness.metrics.overlap import OverlapTable

_KIRILLOV = "Kirillov et al. 2019, doi:10.1109/CVPR.2019.00963"
_STARDIST = "Schmidt et al. 2018, doi:10.1007/978-3-030-00934-2_30, stardist.matching"
_PANOPTICA = "Kofler et al. 2023, arXiv:2312.02608, panoptica with matching_threshold=0.5"


@dataclass(frozen=True, slots=True)
class Matches:
    """Objects on both sides together, matched pairs, and the sum of their IoU."""

    objects: float
    found: float
    iou: float


def half_counts(table: OverlapTable) -> Counts:
    """Count objects and one-to-one matches with an IoU of one half or more (exactly compared).

    match.ge50, match.ge50.iou   matched pairs, and the sum of their IoU
    """
    pairs = table.objects.candidates(0.5)
    iou = pairs.iou[matched_pairs(pairs, 2 * pairs.counts >= pairs.unions)]
    return {
        "objects.truth": table.n_truth,
        "objects.pred": table.n_pred,
        "match.ge50": iou.size,
        "match.ge50.iou": exact_sum(iou),
    }


def _by_number(counts: Counts, found: str) -> Matches:
    objects = number(counts, "objects.truth") + number(counts, "objects.pred")
    return Matches(objects, number(counts, found), number(counts, f"{found}.iou"))


def strict(counts: Counts) -> Matches:
    """Return the matches of an IoU above one half."""
    return _by_number(counts, "match.50")


def half(counts: Counts) -> Matches:
    """Return the matches of an IoU of one half or more."""
    return _by_number(counts, "match.ge50")


def stardist(counts: Counts) -> Matches:
    """Return the matches of an IoU of one half or more in single precision."""
    tp, fp, fn, iou = (series(counts, f"{name}.stardist")[0] for name in ("tp", "fp", "fn", "iou"))
    return Matches(2 * tp + fp + fn, tp, iou)


@dataclass(frozen=True, slots=True)
class Quality:
    """A convention: how it matches, what it scores without objects, and at an IoU of exactly one half."""

    name: str
    counts: Callable[[OverlapTable], Counts]
    matches: Callable[[Counts], Matches]
    empty: float
    tie: float
    wording: str
    source: str

    def pq(self, counts: Counts) -> float:
        """Return the sum of matched IoU over TP + FP / 2 + FN / 2."""
        found = self.matches(counts)
        return 2 * found.iou / found.objects if found.objects else self.empty

    def sq(self, counts: Counts) -> float:
        """Return the mean IoU of matched objects."""
        found = self.matches(counts)
        if not found.objects:
            return self.empty
        return found.iou / found.found if found.found else 0.0

    def rq(self, counts: Counts) -> float:
        """Return TP / (TP + FP / 2 + FN / 2), the F1 score."""
        found = self.matches(counts)
        return 2 * found.found / found.objects if found.objects else self.empty

    def edge_cases(self, factor: str) -> tuple[tuple[str, float], ...]:
        """Return the rows of "pq", "sq" or "rq": both factors of each toy pair."""
        rows = (
            ("both empty", self.empty, self.empty),
            ("truth empty, 2 predicted", 0.0, 0.0),
            ("truth of 2, prediction empty", 0.0, 0.0),
            ("identical", 1.0, 1.0),
            ("disjoint", 0.0, 0.0),
            ("half missed, IoU exactly .5", 0.5 if self.tie else 0.0, self.tie),
            ("1 split 60:40", 0.6, 2 / 3),
            ("2 merged into 1", 0.5 if self.tie else 0.0, self.tie * 2 / 3),
            ("background predicted as 7", 1.0, 0.8),
        )
        if factor == "pq":
            return tuple((case, rq and sq * rq) for case, sq, rq in rows)
        return tuple((case, sq if factor == "sq" else rq) for case, sq, rq in rows)


CANONICAL = Quality(
    "canonical",
    object_counts,
    strict,
    1.0,
    0.0,
    "match: IoU > .5, exactly; label 0 is background; both empty 1, one empty or no match 0",
    _KIRILLOV,
)
CONVENTIONS: Mapping[str, Quality] = MappingProxyType(
    {
        convention.name: convention
        for convention in (
            CANONICAL,
            Quality(
                "stardist",
                counts_of("stardist"),
                stardist,
                0.0,
                1.0,
                "match: IoU >= .5 in single precision; label 0 is background; both empty or no match 0",
                f"{_KIRILLOV}; {_STARDIST}",
            ),
            Quality(
                "panoptica",
                half_counts,
                half,
                math.nan,
                1.0,
                "match: IoU >= .5; label 0 is background; both empty NaN, one empty or no match 0",
                f"{_KIRILLOV}; {_PANOPTICA}",
            ),
        )
    }
)

_TITLES = {"pq": "panoptic quality", "sq": "segmentation quality", "rq": "recognition quality"}
_FORMULAS = {
    "pq": "sum of IoU of matched objects / (TP + FP/2 + FN/2)",
    "sq": "mean IoU of matched objects",
    "rq": "TP / (TP + FP/2 + FN/2)",
}


def _metric(factor: str, convention: Quality, *, is_short: bool) -> Metric:
    same = f"; the same number as {factor}.canonical" if is_short else ""
    return Metric(
        id=factor if is_short else f"{factor}.{convention.name}",
        title=_TITLES[factor] if is_short else f"{_TITLES[factor]} ({convention.name})",
        definition=f"{_FORMULAS[factor]}, {convention.wording}{same}",
        source=convention.source,
        direction="higher",
        unit="fraction",
        range=FRACTION,
        edge_cases=convention.edge_cases(factor),
        counts=convention.counts,
        value={"pq": convention.pq, "sq": convention.sq, "rq": convention.rq}[factor],
        sparse="sparse safe" if factor == "sq" else "dense only",
        nan_rule="spreads" if math.isnan(convention.empty) else "never",
    )


METRICS: tuple[Metric, ...] = (
    *(_metric(factor, CANONICAL, is_short=True) for factor in _TITLES),
    *(_metric(factor, convention, is_short=False) for convention in CONVENTIONS.values() for factor in _TITLES),
)
