"""Settings laid over all rows and tiers of a suite from outside: other data, other parameters of stages."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.config import TomlSource
from harness.errors import ConfigError, nearest
from harness.suite.schema import Overrides
from harness.suite.suite import Row, Suite


class GivenSettings(TomlSource):
    """Lines of TOML from a command line, `stages.pca.components = 3`, joined."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.text = "\n".join(lines)
        self.path = Path()
        self.name = "--set"
        self.data = {}
        for line in lines:
            try:
                _join(self.data, tomllib.loads(line))
            except tomllib.TOMLDecodeError as error:
                example = 'stages.pca.components=3, data=[{dataset="mine"}], truth=""'
                raise ConfigError(f"--set: found {line!r} ({error}); accepted: lines of TOML as {example}") from error

    def line(self, key: Sequence[str | int]) -> int:
        """Return 1: each setting is a line of its own."""
        return 1


def with_settings(suite: Suite, lines: Sequence[str]) -> Suite:
    """Return a suite whose rows read other data or have other parameters, on every tier, whatever the file says.

    Args:
        lines: what a tier may say of a row (`Overrides`), as lines of TOML: `data`, `channels`, `truth`, `scores`,
            `ignore`, `repeats`, `limits`, `stages.<stage>.<parameter>` and so on.

    Raises:
        ConfigError: for a data table, for what is no TOML or unknown, and for a stage that no row has.
    """
    if not lines:
        return suite
    if suite.kind == "data-table":
        raise ConfigError(f"suite '{suite.id}' is a data table; nothing of it can be set")
    laid = GivenSettings(lines).validate(Overrides)
    named = {use.called for row in suite.rows for use in row.stages}
    unknown = sorted(set(laid.stages) - named)
    if unknown:
        raise ConfigError(f"--set: no row of suite '{suite.id}' has a stage '{unknown[0]}'{nearest(unknown[0], named)}")
    return replace(suite, rows=tuple(_with(row, laid, suite) for row in suite.rows))


def _with(row: Row, laid: Overrides, suite: Suite) -> Row:
    said = {name: getattr(laid, name) for name in laid.model_fields_set - {"stages"}}
    own = {use.called for use in row.stages}
    tiers = {}
    for tier in suite.tiers:
        there = row.overrides(tier)
        stages = {name: dict(parameters) for name, parameters in there.stages.items()}
        _join(stages, {name: parameters for name, parameters in laid.stages.items() if name in own})
        tiers[tier] = there.model_copy(update={**said, "stages": stages})
    return replace(row, spec=row.spec.model_copy(update={"tiers": tiers}))


def _join(into: dict[str, Any], more: Mapping[str, Any]) -> None:
    """Lay a nested table over another, key by key."""
    for key, value in more.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            _join(into[key], value)
        else:
            into[key] = value
