"""What commands load: plug-in files, suites and the catalogue. Imported by handlers only, never at start-up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from harness import registry
from harness.model import Tier
from harness.suite import Suite, load_suite, suite_paths


def load_plugins(files: Iterable[Path]) -> None:
    """Register the stages of plug-in files."""
    for file in files:
        registry.add_file(registry.stages(), file)


def load_suites(names: Sequence[str], plugins: Iterable[Path] = ()) -> tuple[Suite, ...]:
    """Return the named suites, or all where none is named, after registering plug-in files."""
    load_plugins(plugins)
    return tuple(load_suite(name) for name in names or suite_paths())


def tier_of(suite: Suite, wanted: Tier | None) -> Tier:
    """Return the wanted tier or the suite's default one; raises `ConfigError` if the suite does not have it."""
    tier = wanted or suite.default_tier
    suite.tier(tier)
    return tier
