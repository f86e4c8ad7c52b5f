"""Suites and plug-in files as commands load them."""

from __future__ import annotations

import pytest

from harness.cli.loading import load_suites, tier_of
from harness.errors import ConfigError
from tests.cli.project import Cli


def test_named_suites_or_all(cli: Cli) -> None:
    assert [suite.id for suite in load_suites(["toy"])] == ["toy"]
    assert [suite.id for suite in load_suites([])] == ["toy"]


def test_tiers(cli: Cli) -> None:
    (suite,) = load_suites(["toy"])
    assert tier_of(suite, None) == "smoke"
    assert tier_of(suite, "mini") == "mini"
    with pytest.raises(ConfigError, match="no tier 'paper'"):
        tier_of(suite, "paper")
