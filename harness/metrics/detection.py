"""How many objects there are, and precision, recall and F1 of finding them.

Objects match when IoU > 0.5 (exactly compared); label 0 is background and no object. Where both images are empty
precision, recall and F1 are 1; where one is empty, 0.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from harness.metrics.metric import FRACTION, UNBOUNDED, Direction, Metric
from harness.metrics.overlap import OverlapTable

_DSB = "Caicedo et al. 2019, doi:10.1038/s41592-019-0612-7"


def truth_count(table: OverlapTable) -> float:
    """Return the number of truth objects."""
    return float(table.n_truth)


def pred_count(table: OverlapTable) -> float:
    """Return the number of predicted objects."""
    return float(table.n_pred)


def count_error(table: OverlapTable) -> float:
    """Return how many objects are predicted too many or too few."""
    return float(abs(table.n_pred - table.n_truth))


def f1(table: OverlapTable) -> float:
    """Return 2 TP / (2 TP + FP + FN)."""
    return _share(2 * _matches(table), table.n_truth + table.n_pred, table)


def precision(table: OverlapTable) -> float:
    """Return TP / (TP + FP), the share of predicted objects that match."""
    return _share(_matches(table), table.n_pred, table)


def recall(table: OverlapTable) -> float:
    """Return TP / (TP + FN), the share of truth objects that match."""
    return _share(_matches(table), table.n_truth, table)


def _matches(table: OverlapTable) -> int:
    pairs = table.objects.candidates(0.5)
    return int(np.count_nonzero(2 * pairs.counts > pairs.unions))


def _share(part: int, whole: int, table: OverlapTable) -> float:
    if table.n_truth == table.n_pred == 0:
        return 1.0
    return part / whole if whole else 0.0


def _count_metric(
    name: str, title: str, direction: Direction, function: Callable[[OverlapTable], float], values: tuple[float, ...]
) -> Metric:
    cases = ("both empty", "truth empty, 2 predicted", "truth of 2, prediction empty", "identical", "1 split 60:40")
    return Metric(
        id=f"count.{name}",
        title=title,
        definition=f"{title}; an object is a label other than 0, however many parts it has",
        source="plain count",
        direction=direction,
        unit="count",
        range=UNBOUNDED,
        edge_cases=tuple(zip(cases, values, strict=True)),
        function=function,
    )


def _match_metric(
    name: str, title: str, formula: str, function: Callable[[OverlapTable], float], split: float, extra: float
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
        function=function,
    )


METRICS: tuple[Metric, ...] = (
    _count_metric("truth", "number of truth objects", "none", truth_count, (0, 0, 2, 2, 1)),
    _count_metric("pred", "number of predicted objects", "none", pred_count, (0, 2, 0, 2, 2)),
    _count_metric("error", "predicted objects too many or too few", "lower", count_error, (0, 2, 2, 0, 1)),
    _match_metric("f1", "F1 score", "2 TP / (2 TP + FP + FN)", f1, 2 / 3, 0.8),
    _match_metric("precision", "precision", "TP / (TP + FP)", precision, 0.5, 2 / 3),
    _match_metric("recall", "recall", "TP / (TP + FN)", recall, 1.0, 1.0),
)
