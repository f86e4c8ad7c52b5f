"""Scores of what a cell compares: every pair measured, its metrics and counts under the names that records use."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from harness.errors import LabelError
from harness.metrics import Pair
from harness.metrics.counts import Number
from harness.model import Origin, ScoredPair, Volume
from harness.registry import MetricRegistry
from harness.scoring import Scores, chosen_metrics, measure
from harness.stages.slots import LABELS
from harness.stages.values import Confidences, Value, objects_in

if TYPE_CHECKING:
    import numpy as np


def score_pairs(
    pairs: Sequence[ScoredPair],
    value: Callable[[str], Volume],
    metrics: MetricRegistry | None = None,
    *,
    confidences: Value | None = None,
) -> Scores:
    """Return metrics and counts of every pair; `value` gives what a slot or label image holds.

    Metrics are looked up in a registry; None is that of the process. `confidences` are those of the chain's labels.
    Raises `LabelError` for images that cannot be compared, and for metrics of confidences where there are none or they
    are of other objects; whatever `value` raises.
    """
    values: dict[str, float] = {}
    counts: dict[str, Number | tuple[Number, ...]] = {}
    for pair in pairs:
        if not pair.metrics:
            continue  # data without labels: the prediction is kept, and nothing says how good it is
        mask = value(pair.scope.ignore) if isinstance(pair.scope.ignore, str) else None
        compared = pair_of(pair, value(pair.pred), value(pair.truth), mask, confidences)
        scores = measure(compared, chosen_metrics(pair.metrics, metrics))
        values.update((pair.id_of(name), number) for name, number in scores.values.items())
        counts.update((pair.id_of(name), number) for name, number in scores.counts.items())
    return Scores(values, counts)


def metric_origins(pairs: Iterable[ScoredPair], metrics: MetricRegistry) -> dict[str, Origin]:
    """Return where those metrics of pairs come from that are none of this package, by id."""
    ids = dict.fromkeys(metric for pair in pairs for metric in pair.metrics)
    found = {name: metrics.entry(name).code() for name in ids}
    return {name: origin for name, origin in found.items() if origin.is_plugin}


def score_pair(
    pair: ScoredPair,
    pred: Volume,
    truth: Volume,
    metrics: MetricRegistry | None = None,
    *,
    mask: Volume | None = None,
) -> Scores:
    """Return the metrics of one pair; arguments and errors are those of `pair_of`."""
    return measure(pair_of(pair, pred, truth, mask), chosen_metrics(pair.metrics, metrics))


def pair_of(
    pair: ScoredPair, pred: Volume, truth: Volume, mask: Volume | None = None, confidences: Value | None = None
) -> Pair:
    """Return the images to compare; of a volume of reals, the voxels above the pair's threshold, and the reals.

    `mask` is the label image that the pair's scope names: voxels where it is not 0 are counted nowhere. `confidences`
    are those of the chain's labels, and mean nothing for another prediction.
    Raises `LabelError` for images of unequal shapes.
    """
    if pred.array.shape != truth.array.shape:
        what = "the truth" if pair.truth == "truth" else f"'{pair.truth}'"
        raise LabelError(f"the chain's {pair.pred} have shape {pred.array.shape}; {what} has {truth.array.shape}")
    objects = [
        volume.array > pair.threshold if volume.array.dtype.kind == "f" else volume.array for volume in (truth, pred)
    ]
    scope = pair.scope
    return Pair(
        objects[0],
        objects[1],
        truth.spacing_um,
        ignore=scope.ignore if mask is None else mask.array,
        border=scope.border,
        border_px=scope.border_px,
        sparse=scope.sparse,
        confidences=_by_object(confidences, objects[1]) if pair.pred == LABELS else None,
        reals=(truth.array, pred.array),
    )


def _by_object(confidences: Value | None, labels: np.ndarray) -> Mapping[int, float] | None:
    """Return label -> confidence of the labels that are still there: a stage after may have lost some."""
    if not isinstance(confidences, Confidences):
        return None
    there = set(objects_in(labels).tolist())
    return {number: score for number, score in confidences.by_object().items() if number in there}
