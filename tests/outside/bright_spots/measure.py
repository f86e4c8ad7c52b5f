"""A metric outside the tree."""

from __future__ import annotations

from harness.metrics import Metric, OverlapTable


def found_ratio(table: OverlapTable) -> float:
    """Return objects found per true object; NaN where there is none."""
    return table.n_pred / table.n_truth if table.n_truth else float("nan")


FOUND_RATIO = Metric(
    id="found-ratio",
    title="Objects found per true object",
    definition="Predicted objects divided by true objects; label 0 is background.",
    source="an example",
    direction="none",
    unit="fraction",
    range=(0.0, float("inf")),
    edge_cases=(("identical", 1.0),),
    function=found_ratio,
)
