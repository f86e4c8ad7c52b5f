"""Metrics that rank objects by a method's confidences, and the rows whose chains give none."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from harness.model import ScoredPair
from harness.registry import MetricRegistry
from harness.stages.chain import gives_confidences
from harness.stages.contract import Stage
from harness.stages.slots import CONFIDENCES, LABELS
from harness.suite.suite import Row, Suite
from harness.toml_lines import KeyPath


def check_confidences(
    suite: Suite, row: Row, chain: Sequence[Stage], pair: ScoredPair, metrics: KeyPath, known: MetricRegistry
) -> None:
    """Raise `ConfigError` for a metric that needs confidences of a pair whose prediction has none.

    `metrics` is where the metrics of the pair stand in the file, `known` what they are.
    """
    for number, metric in enumerate(pair.metrics):
        if not _is_ranked(metric, known):
            continue
        if pair.pred != LABELS:
            problem = f"it is scored on '{pair.pred}'; accepted: pred = \"{LABELS}\""
        elif not gives_confidences(chain):
            problem = f"no stage of its chain gives '{CONFIDENCES}' for the labels at its end; accepted: rows whose do"
        else:
            return
        raise suite.source_file.error(
            (*metrics, number), f"row '{row.id}': metric '{metric}' needs the confidences of objects, and {problem}"
        )


def with_confidences(metrics: Iterable[str], chain: Sequence[Stage], known: MetricRegistry) -> tuple[str, ...]:
    """Return those of some metrics that the labels of a chain can have."""
    return tuple(metric for metric in metrics if not _is_ranked(metric, known) or gives_confidences(chain))


def _is_ranked(metric: str, known: MetricRegistry) -> bool:
    """Whether a metric reads confidences; one that is not registered is named elsewhere."""
    found = known.entry(metric).item if metric in known else None
    return found is not None and found.needs == "ranked"
