"""Scores of predictions against truths: label images in, one number per metric out, with the counts behind it."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

import numpy as np

from harness.errors import LabelError
from harness.metrics import Metric, Pair
from harness.metrics.counts import Counts
from harness.metrics.errors import error_counts
from harness.metrics.matching import object_counts
from harness.metrics.means import Undefined, mean_over
from harness.metrics.pair import Border
from harness.metrics.spacing import checked_spacing
from harness.metrics.sparse import check_sparse, sparse_safe
from harness.model import Aggregation
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

    Raises `LabelError` for images that cannot be compared, a size of a voxel that is none or not one for each axis, for
    a metric that is infinite, and for one that says nothing where the pair's truth is sparse.
    """
    chosen = list(metrics)
    if pair.sparse:
        check_sparse(chosen, chosen_metrics(None))
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
    border: Border = "keep",
    border_px: int = 1,
    sparse: bool = False,
    spacing_um: Sequence[float] | None = None,
    confidences: Mapping[int, float] | None = None,
) -> dict[str, float]:
    """Return metric id -> value of a predicted label image against the truth, from one pass over both.

    `pred` and `truth` have equal shapes, any number of axes and any integer dtype (0 is background, labels need not
    be consecutive) or bool; they are NumPy, Dask, Zarr or HDF5 arrays, or nested lists. What is not in memory is read
    block by block. `metrics` are ids, or objects of `harness.Metric`, in the order of the answer; None means every
    registered metric of the overlap table that could be loaded, in the order of their ids. A value may be NaN where
    its convention defines it so.

    ignore       an image of the same shape: voxels where it is not 0 are counted nowhere; or a whole number: those with
                 this label of the truth
    border       "drop" takes objects with a voxel among the outermost `border_px` ones of their image for background
    sparse       the truth holds only some of the objects: metrics that count the others as wrong are refused, and None
                 means those that hold there
    spacing_um   the size of a voxel in micrometres, one number per axis, for metrics of surfaces, centres and bands
    confidences  how sure the method is of each predicted object, by label, for COCO's average precision

    Raises `RegistryError` for an unknown id (with the nearest one), `BackendError` for a metric whose plug-in is
    broken, `LabelError` for images that cannot be compared, for a metric that says nothing of a sparse truth, for a
    spacing that is none, or not one for each axis, and for confidences that are not those of the predicted objects.

    >>> score([[0, 1, 1], [0, 2, 2]], [[0, 1, 1], [0, 5, 5]], ["map.gonuclear", "arand.elf"])
    {'map.gonuclear': 1.0, 'arand.elf': 0.0}
    >>> score([1, 1, 7], [1, 1, 255], "precision.50", ignore=255)
    {'precision.50': 1.0}
    """
    pair = Pair(truth, pred, spacing_um, ignore, border, border_px, sparse, confidences)
    return measure(pair, wanted_metrics(metrics, sparse=sparse)).values


def score_set(
    pairs: Iterable[Sequence[Any]],
    metrics: MetricNames = None,
    *,
    aggregation: Aggregation = "per-image",
    groups: Iterable[str] | None = None,
    undefined: Undefined = "by metric",
    ignore: int | None = None,
    border: Border = "keep",
    border_px: int = 1,
    sparse: bool = False,
    spacing_um: Sequence[float] | None = None,
) -> dict[str, float]:
    """Return metric id -> value of a set of images: (prediction, truth) or (prediction, truth, ignore) of arrays.

    "per-image" is the plain mean of the images' values (`by_image=True` of `stardist.matching.matching_dataset`).
    "per-dataset" is the mean over data sets of their means over images; `groups` names the data set of each pair.
    "pooled" is the metric of the summed counts, as if the images lay side by side with their objects kept apart
    (`by_image=False`, its default). Arrays, ids, what is compared of an image, and the spacing, which is that of all
    images, are those of `score`; without `metrics`, "pooled" takes every metric that keeps addable counts.

    undefined  what becomes of images where a metric is undefined: "by metric" (its `nan_rule`), "spreads" (the mean
               is NaN), "left out", "worst" (the worst value of its range); pooled counts know no such images
    ignore     a label of the truth, for pairs that bring no mask of their own

    Raises what `score` raises, with the number of the pair; `LabelError` for an empty set, a metric that cannot be
    pooled, and groups that are not one a pair.

    >>> score_set([([1, 1], [1, 1]), ([0, 0], [3, 3])], ["map.stardist", "recall.50"], aggregation="pooled")
    {'map.stardist': 0.5, 'recall.50': 0.5}
    """
    if aggregation not in get_args(Aggregation):
        raise LabelError(f"aggregation is {aggregation!r}; accepted: {', '.join(map(repr, get_args(Aggregation)))}")
    chosen = wanted_metrics(metrics, sparse=sparse, aggregation=aggregation)
    scope = {"border": border, "border_px": border_px, "sparse": sparse, "spacing_um": spacing_um}
    scores = [_numbered(number, pair, chosen, ignore, scope) for number, pair in enumerate(pairs, start=1)]
    if not scores:
        raise LabelError("the set of pairs is empty; accepted: at least one (prediction, truth) pair")
    return aggregated(scores, chosen, aggregation, groups=groups, undefined=undefined)


def aggregated(
    scores: Sequence[Scores],
    metrics: Iterable[Metric],
    aggregation: Aggregation,
    *,
    groups: Iterable[str] | None = None,
    undefined: Undefined = "by metric",
) -> dict[str, float]:
    """Return metric id -> value of images that were measured; arguments and errors are those of `score_set`."""
    if aggregation == "pooled":
        return {metric.id: metric.pooled([one.counts for one in scores]) for metric in metrics}
    parts = _grouped(scores, aggregation, None if groups is None else list(groups))
    return {
        metric.id: mean_over(
            [mean_over([one.values[metric.id] for one in part], metric, undefined) for part in parts],
            metric,
            undefined,
        )
        for metric in metrics
    }


def _grouped(scores: Sequence[Scores], aggregation: Aggregation, groups: list[str] | None) -> list[list[Scores]]:
    """Return the images by data set, all in one for a mean over images."""
    if aggregation == "per-image":
        return [list(scores)]
    if groups is None or len(groups) != len(scores):
        found = "no groups" if groups is None else f"{len(groups)} groups"
        raise LabelError(f"aggregation 'per-dataset' of {len(scores)} pairs has {found}; accepted: one name a pair")
    parts: dict[str, list[Scores]] = defaultdict(list)
    for group, one in zip(groups, scores, strict=True):
        parts[group].append(one)
    return list(parts.values())


def _numbered(
    number: int, pair: Sequence[Any], metrics: list[Metric], ignore: int | None, scope: dict[str, Any]
) -> Scores:
    if len(pair) not in (2, 3):
        raise LabelError(
            f"pair {number} has {len(pair)} items; accepted: (prediction, truth) or (prediction, truth, ignore)"
        )
    try:
        return measure(Pair(pair[1], pair[0], ignore=pair[2] if len(pair) == 3 else ignore, **scope), metrics)
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


def wanted_metrics(
    ids: MetricNames,
    registry: MetricRegistry | None = None,
    *,
    sparse: bool = False,
    aggregation: Aggregation = "per-image",
) -> list[Metric]:
    """Return the named metrics; none named are all that can be had: on a sparse truth, from summed counts.

    Raises what `chosen_metrics` raises.
    """
    chosen = chosen_metrics(ids, registry)
    if ids is not None:
        return chosen
    chosen = sparse_safe(chosen) if sparse else chosen
    return [metric for metric in chosen if metric.is_addable] if aggregation == "pooled" else chosen
