"""Scores of predictions against truths: label images in, one number per metric out, with the counts behind it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from harness.errors import LabelError
from harness.metrics import Metric, Pair
from harness.metrics.counts import Counts
from harness.metrics.errors import error_counts
from harness.metrics.matching import object_counts
from harness.metrics.spacing import checked_spacing
from harness.registry import MetricRegistry
from harness.registry import metrics as registered_metrics

MetricNames = Iterable[str | Metric] | str | Metric | None
"""Metrics by id or as themselves; None: every one that could be loaded."""


@dataclass(frozen=True, slots=True)
class Scores:
    """What a pair scores: metric id -> value, and the addable counts of objects, voxels and of these metrics."""

    values: dict[str, float]
    counts: Counts


def measure(pair: Pair, metrics: Iterable[Metric]) -> Scores:
    """Return the metrics of a pair, all from one pass over its images.

    Raises `LabelError` for images that cannot be compared, a size of a voxel that is none or not one for each axis,
    and for a metric that is infinite.
    """
    chosen = list(metrics)
    counts = {**pair.counted(object_counts, "overlap"), **pair.counted(error_counts, "overlap")}
    checked_spacing(pair.spacing_um, np.ndim(pair.truth))
    for metric in chosen:
        counts.update(metric.counts_of(pair))
    values = {metric.id: metric.of(pair) for metric in chosen}
    infinite = [name for name, value in values.items() if math.isinf(value)]
    if infinite:
        raise LabelError(f"metric '{infinite[0]}' is {values[infinite[0]]}; accepted: finite numbers or NaN")
    return Scores(values, counts)


def score(
    pred: Any,
    truth: Any,
    metrics: MetricNames = None,
    *,
    ignore: Any = None,
    spacing_um: Sequence[float] | None = None,
    confidences: Mapping[int, float] | None = None,
) -> dict[str, float]:
    """Return metric id -> value of a predicted label image against the truth, from one pass over both.

    `pred` and `truth` have equal shapes, any number of axes and any integer dtype (0 is background, labels need not
    be consecutive) or bool; they are NumPy, Dask, Zarr or HDF5 arrays, or nested lists. What is not in memory is read
    block by block. Voxels where `ignore` is not 0 are counted nowhere. `metrics` are ids, or objects of
    `harness.Metric`, in the order of the answer; None means every registered metric of the overlap table that could be
    loaded, in the order of their ids. A value may be NaN where its convention defines it so.

    spacing_um   the size of a voxel in micrometres, one number per axis, for metrics of surfaces, centres and bands
    confidences  how sure the method is of each predicted object, by label, for COCO's average precision

    Raises `RegistryError` for an unknown id (with the nearest one), `BackendError` for a metric whose plug-in is
    broken, `LabelError` for images that cannot be compared, and for a spacing that is none, or not one for each axis,
    and for confidences that are not those of the predicted objects.

    >>> score([[0, 1, 1], [0, 2, 2]], [[0, 1, 1], [0, 5, 5]], ["map.gonuclear", "arand.elf"])
    {'map.gonuclear': 1.0, 'arand.elf': 0.0}
    """
    pair = Pair(truth, pred, spacing_um, ignore, confidences=confidences)
    return measure(pair, chosen_metrics(metrics)).values


def score_set(
    pairs: Iterable[Sequence[Any]],
    metrics: MetricNames = None,
    *,
    aggregation: Literal["per-image", "pooled"] = "per-image",
    spacing_um: Sequence[float] | None = None,
) -> dict[str, float]:
    """Return metric id -> value of a set of images, given as (prediction, truth) pairs of arrays.

    "per-image" is the plain mean of the images' values, NaN if one of them is (`by_image=True` of
    `stardist.matching.matching_dataset`). "pooled" is the metric of the summed counts, as if the images lay side by
    side with their objects kept apart (`by_image=False`, its default). Arrays, ids and the spacing, which is that of
    all images, are those of `score`; without `metrics`, "pooled" takes every metric that keeps addable counts.

    Raises what `score` raises, with the number of the pair; `LabelError` for an empty set or a metric that cannot be
    pooled.

    >>> score_set([([1, 1], [1, 1]), ([0, 0], [3, 3])], ["map.stardist", "recall.50"], aggregation="pooled")
    {'map.stardist': 0.5, 'recall.50': 0.5}
    """
    if aggregation not in ("per-image", "pooled"):
        raise LabelError(f"aggregation is {aggregation!r}; accepted: 'per-image' or 'pooled'")
    chosen = chosen_metrics(metrics)
    if metrics is None and aggregation == "pooled":
        chosen = [metric for metric in chosen if metric.is_addable]
    scores = [_numbered(number, pair, chosen, spacing_um) for number, pair in enumerate(pairs, start=1)]
    if not scores:
        raise LabelError("the set of pairs is empty; accepted: at least one (prediction, truth) pair")
    if aggregation == "pooled":
        return {metric.id: metric.pooled([one.counts for one in scores]) for metric in chosen}
    return {metric.id: math.fsum(one.values[metric.id] for one in scores) / len(scores) for metric in chosen}


def _numbered(number: int, pair: Sequence[Any], metrics: list[Metric], spacing_um: Sequence[float] | None) -> Scores:
    if len(pair) != 2:
        raise LabelError(f"pair {number} has {len(pair)} items; accepted: (prediction, truth)")
    try:
        return measure(Pair(pair[1], pair[0], spacing_um), metrics)
    except LabelError as error:
        raise LabelError(f"pair {number}: {error}") from error


def chosen_metrics(ids: MetricNames, registry: MetricRegistry | None = None) -> list[Metric]:
    """Return metrics by id in that order (one that is given as itself is taken), or every one that can be the default.

    They are looked up in a registry; None is that of the process. The default are those of the overlap table that could
    be loaded.

    Raises `RegistryError` for an unknown id, `BackendError` for a metric whose plug-in is broken.
    """
    known = registered_metrics() if registry is None else registry
    if ids is None:
        return [entry.item for entry in known if entry.item is not None and entry.item.needs == "overlap"]
    chosen = [ids] if isinstance(ids, str | Metric) else ids
    return [one if isinstance(one, Metric) else known.get(one) for one in chosen]
