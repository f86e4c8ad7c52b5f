"""Metrics of a suite that its file does not name: those laid over it, and those that older records were made with."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from harness.errors import ConfigError, RegistryError
from harness.registry import MetricRegistry
from harness.suite.compared import NOTHING_SAID, IgnoreImage
from harness.suite.schema import DataChoice, RowSpec, ScoresSpec
from harness.suite.suite import Suite

ChoiceT = TypeVar("ChoiceT", bound=DataChoice)
Metrics = Mapping[str, Sequence[str]]
"""Metric ids by the name of a further pair."""
Scopes = Mapping[str, Mapping[str, int | str | bool]]
"""By the name of a pair ("" is the one that every suite has) what it compared, as records say it."""


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


def as_recorded(suite: Suite, ids: Sequence[str], scopes: Scopes | None = None) -> Suite:
    """Return the suite as if it named just these metrics ("pair:id" of further pairs), and just the pairs they are of.

    Metrics are not looked up. `scopes` is what of its images each pair compared, as records say it: everything for a
    pair that it does not have; None leaves what the suite says. What else is not said of a pair is taken from the
    suite as it is.
    """
    plain: list[str] = []
    further: dict[str, list[str]] = defaultdict(list)
    for name in ids:
        pair, _, metric = name.rpartition(":")
        (further[pair] if pair else plain).append(metric)
    then = _Then(further, scopes)
    file = suite.file
    tiers = {tier: then.choice(spec) for tier, spec in file.tiers.items()}
    return replace(
        suite,
        file=file.model_copy(update={"metrics": tuple(plain), "scores": then.pairs(file.scores), "tiers": tiers}),
        rows=tuple(replace(row, spec=then.row(row.spec)) for row in suite.rows),
    )


@dataclass(frozen=True, slots=True)
class _Then:
    """Metrics of further pairs and the scopes of all, as they were when records were made."""

    further: Metrics
    scopes: Scopes | None

    def row(self, row: RowSpec) -> RowSpec:
        """Return what a row said."""
        return self.choice(row).model_copy(
            update={"tiers": {tier: self.choice(spec) for tier, spec in row.tiers.items()}}
        )

    def choice(self, choice: ChoiceT) -> ChoiceT:
        """Return what a tier or a row said."""
        scores = {} if choice.scores is None else {"scores": self.pairs(choice.scores)}
        return choice.model_copy(update={**scores, **self._scope("")})

    def pairs(self, scores: Mapping[str, ScoresSpec]) -> dict[str, ScoresSpec]:
        """Return the further pairs that there were."""
        return {
            name: spec.model_copy(update={"metrics": tuple(self.further[name]), **self._scope(name)})
            for name, spec in scores.items()
            if name in self.further
        }

    def _scope(self, pair: str) -> dict[str, Any]:
        if self.scopes is None:
            return {}
        said = {**NOTHING_SAID, **self.scopes.get(pair, {})}
        return dict(
            said, ignore=IgnoreImage(image=said["ignore"]) if isinstance(said["ignore"], str) else said["ignore"]
        )
