"""Metrics of a suite that its file does not name: those laid over it, and those that older records were made with."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from harness.errors import ConfigError, RegistryError
from harness.registry import MetricRegistry
from harness.suite.schema import DataChoice, RowSpec, ScoresSpec
from harness.suite.suite import Suite

ChoiceT = TypeVar("ChoiceT", bound=DataChoice)
Metrics = Mapping[str, Sequence[str]]
"""Metric ids by the name of a further pair."""


def with_added_metrics(suite: Suite, ids: Sequence[str], metrics: MetricRegistry) -> Suite:
    """Return a suite with further metrics of the pair that every suite has, behind its own; keys of cells stay.

    Raises `RegistryError` for an unknown metric, with the nearest match, `ConfigError` for a data table.
    """
    if not ids:
        return suite
    if suite.kind == "data-table":
        raise ConfigError(f"suite '{suite.id}' is a data table; it has no metrics")
    for name in ids:
        if ":" in name:
            raise RegistryError(f"--metric: '{name}' is of a named pair; accepted: a metric as `harness list` names it")
        metrics.get(name)
    own = (*suite.file.metrics, *suite.added_metrics)
    return replace(
        suite, added_metrics=(*suite.added_metrics, *(name for name in dict.fromkeys(ids) if name not in own))
    )


def as_recorded(suite: Suite, ids: Sequence[str]) -> Suite:
    """Return the suite as if it named just these metrics ("pair:id" of further pairs), and just the pairs they are of.

    Metrics are not looked up. What is not said of a pair by its metrics' ids is taken from the suite as it is.
    """
    plain: list[str] = []
    further: dict[str, list[str]] = defaultdict(list)
    for name in ids:
        pair, _, metric = name.rpartition(":")
        (further[pair] if pair else plain).append(metric)
    file = suite.file
    tiers = {tier: _with_scores(spec, further) for tier, spec in file.tiers.items()}
    scores = _scores(file.scores, further)
    return replace(
        suite,
        file=file.model_copy(update={"metrics": tuple(plain), "scores": scores, "tiers": tiers}),
        rows=tuple(replace(row, spec=_row_with_scores(row.spec, further)) for row in suite.rows),
    )


def _row_with_scores(row: RowSpec, further: Metrics) -> RowSpec:
    tiers = {tier: _with_scores(spec, further) for tier, spec in row.tiers.items()}
    return _with_scores(row, further).model_copy(update={"tiers": tiers})


def _with_scores(choice: ChoiceT, further: Metrics) -> ChoiceT:
    if choice.scores is None:
        return choice
    return choice.model_copy(update={"scores": _scores(choice.scores, further)})


def _scores(scores: Mapping[str, ScoresSpec], further: Metrics) -> dict[str, ScoresSpec]:
    return {
        name: spec.model_copy(update={"metrics": tuple(further[name])})
        for name, spec in scores.items()
        if name in further
    }
