"""What of its images a row compares, as suite and data say, and the metrics that this leaves without meaning."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.errors import nearest
from harness.metrics.sparse import refusal
from harness.model import Scope, ScoredPair, Tier
from harness.registry import MetricRegistry
from harness.suite.compared import Compared, ignored
from harness.suite.selection import chosen
from harness.suite.suite import Row, Suite
from harness.toml_lines import KeyPath

if TYPE_CHECKING:
    from harness.datasets import Dataset


def scope_of(suite: Suite, row: Row, tier: Tier, dataset: Dataset) -> Scope:
    """Return the scope of a row's own pair: what the row's tier, the row or the tier says, else the dataset."""
    places = (row.overrides(tier), row.spec, suite.tier(tier))
    declared = Scope(ignored(dataset.declaration.ignore), sparse=dataset.declaration.sparse)
    if all(place.model_fields_set.isdisjoint(Compared.model_fields) for place in places):
        return declared
    said = {name: chosen(suite, row, tier, name)[0] for name in Compared.model_fields}
    return Compared(**said).scope(declared)


def check_scope(
    suite: Suite, row: Row, dataset: Dataset, pair: ScoredPair, metrics: KeyPath, known: MetricRegistry
) -> None:
    """Raise `ConfigError` for a label image that the data lack, and for metrics that a sparse truth makes meaningless.

    `metrics` is where the metrics of the pair stand in the file, `known` what they are.
    """
    name, labels = pair.scope.ignore, dataset.label_names
    if isinstance(name, str) and name not in labels:
        place = (*metrics[:-1], "ignore") if pair.name else row.place
        raise suite.source_file.error(
            place,
            f"row '{row.id}': dataset '{dataset.id}' has no label image '{name}' to ignore{nearest(name, labels)}",
        )
    if not pair.scope.sparse:
        return
    for number, metric in enumerate(pair.metrics):
        if metric in known and (found := known.entry(metric).item) is not None and found.sparse != "sparse safe":
            others = [entry.item for entry in known if entry.item is not None]
            raise suite.source_file.error(
                (*metrics, number), f"row '{row.id}' on dataset '{dataset.id}': {refusal(metric, others)}"
            )
