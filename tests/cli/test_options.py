"""Shared options parse the same in every command."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.cli.main import build_parser


@pytest.mark.parametrize("command", ["run", "plan"])
def test_filters_are_lists_and_absent_by_default(command: str) -> None:
    found = build_parser().parse_args([command, "a", "b", "--row", "x", "--row", "y", "--fold", "1"])
    assert found.suites == ["a", "b"]
    assert (found.rows, found.folds, found.stages, found.datasets) == (["x", "y"], ["1"], None, None)
    assert found.results == Path("runs")
    assert found.tier is None
    assert found.plugins == []
