"""Scores of a prediction against a truth: two label images in, one number per metric out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from harness.metrics import Metric, overlap_table
from harness.registry import metrics as registered_metrics


def score(pred: Any, truth: Any, metrics: Iterable[str] | str | None = None) -> dict[str, float]:
    """Return metric id -> value of a predicted label image against the truth, from one pass over both.

    `pred` and `truth` have equal shapes, any number of axes and any integer dtype (0 is background, labels need not
    be consecutive) or bool; they are NumPy, Dask, Zarr or HDF5 arrays, or nested lists. What is not in memory is read
    block by block. `metrics` are ids in the order of the answer; None means every registered metric that could be
    loaded, in the order of their ids. A value may be NaN where its convention defines it so.

    Raises `RegistryError` for an unknown id (with the nearest one), `BackendError` for a metric whose plug-in is
    broken, `LabelError` for images that cannot be compared.

    >>> score([[0, 1, 1], [0, 2, 2]], [[0, 1, 1], [0, 5, 5]], ["map.gonuclear", "arand.elf"])
    {'map.gonuclear': 1.0, 'arand.elf': 0.0}
    """
    chosen = _chosen([metrics] if isinstance(metrics, str) else metrics)
    table = overlap_table(truth, pred)
    return {metric.id: metric(table) for metric in chosen}


def _chosen(ids: Iterable[str] | None) -> list[Metric]:
    registry = registered_metrics()
    if ids is None:
        return [entry.item for entry in registry if entry.item is not None]
    return [registry.get(name) for name in ids]
