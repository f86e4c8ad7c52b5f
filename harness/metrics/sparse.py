"""Sparse truth: what can be said where only some objects are annotated, and why nothing else can."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher

from harness.errors import LabelError
from harness.metrics.metric import Metric

NAMED = 3
"""How many metrics a refusal proposes."""


def sparse_safe(metrics: Iterable[Metric]) -> list[Metric]:
    """Return the metrics that hold where only some objects are annotated."""
    return [metric for metric in metrics if metric.sparse == "sparse safe"]


def check_sparse(chosen: Sequence[Metric], known: Iterable[Metric]) -> None:
    """Raise `LabelError` for the first metric that a sparse truth leaves without meaning; `known` are all there are."""
    dense = [metric for metric in chosen if metric.sparse != "sparse safe"]
    if dense:
        raise LabelError(refusal(dense[0].id, known))


def refusal(metric: str, known: Iterable[Metric]) -> str:
    """Return why a metric is refused on sparse truth, with the nearest ones that hold there."""
    ids = sorted({safe.id for safe in sparse_safe(known)}, key=lambda name: (-_likeness(name, metric), name))
    accepted = f"accepted are metrics that hold there: {', '.join(ids[:NAMED])}" if ids else "no metric holds there"
    return (
        f"metric '{metric}' counts what is predicted where nothing is annotated as wrong, and the truth is sparse: "
        f"it holds only some of the objects; {accepted}"
    )


def _likeness(one: str, other: str) -> float:
    return SequenceMatcher(None, one, other).ratio()
