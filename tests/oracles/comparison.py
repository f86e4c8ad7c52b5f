"""The greatest difference of each metric from each library that is here, over hostile pairs and sets."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

from harness.metrics import METRICS, Pair
from harness.metrics.coco import THRESHOLDS, average_precision_of
from tests.oracles.images import Case
from tests.oracles.libraries import SPACING_UM, Library, Values

BY_ID = {metric.id: metric for metric in METRICS}
COCO_SETS = {
    "coco.ap": (THRESHOLDS, "all"),
    "coco.ap50": ((0.5,), "all"),
    "coco.ap75": ((0.75,), "all"),
    **{f"coco.ap-{area}": (THRESHOLDS, area) for area in ("small", "medium", "large")},
}


@dataclass(slots=True)
class Worst:
    """How far a metric and a library were apart, over how many values, and where it was farthest."""

    difference: float = 0.0
    compared: int = 0
    where: str = ""
    examples: list[str] = field(default_factory=list)

    def add(self, ours: float, theirs: float, where: str, tolerance: float) -> None:
        """Count one pair of values."""
        self.compared += 1
        apart = 0.0 if math.isnan(ours) and math.isnan(theirs) else abs(ours - theirs)
        apart = math.inf if math.isnan(apart) else apart
        if apart > tolerance:
            self.examples.append(f"{where}: {ours!r}, theirs {theirs!r}")
        if apart > self.difference:
            self.difference, self.where = apart, where


def pair_of(case: Case) -> Pair:
    """Return a case with all that a metric may ask for."""
    return Pair(case.truth, case.pred, spacing_um=SPACING_UM[-case.truth.ndim :], confidences=case.confidences)


def compared_pairs(library: Library, cases: Iterable[Case]) -> dict[str, Worst]:
    """Return metric id -> the worst difference over pairs."""
    worst: dict[str, Worst] = {}
    for case in cases:
        pair = pair_of(case)
        for name, theirs in _sorted(library.pair(case)):
            worst.setdefault(name, Worst()).add(BY_ID[name].of(pair), theirs, case.name, library.tolerance)
    return worst


def compared_sets(library: Library, sets: Iterable[list[Case]]) -> dict[str, Worst]:
    """Return metric id -> the worst difference over sets that are scored together; none if the library scores none."""
    worst: dict[str, Worst] = {}
    for cases in sets if library.together is not None else ():
        assert library.together is not None
        pairs = [pair_of(case) for case in cases]
        where = " + ".join(case.name for case in cases)
        for name, theirs in _sorted(library.together(cases)):
            worst.setdefault(name, Worst()).add(_pooled(name, pairs), theirs, where, library.tolerance)
    return worst


def _pooled(name: str, pairs: list[Pair]) -> float:
    if name in COCO_SETS:
        thresholds, area = COCO_SETS[name]
        return average_precision_of([pair.ranked for pair in pairs], thresholds=thresholds, area=area)
    metric = BY_ID[name]
    return metric.pooled([metric.counts_of(pair) for pair in pairs])


def _sorted(values: Values) -> Iterator[tuple[str, float]]:
    for name in sorted(values):
        yield name, float(np.asarray(values[name]))
