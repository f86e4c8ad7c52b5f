from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from harness.runner.summary import FailedCell, MissingCell, RunSummary, SuiteSummary

SUITE = SuiteSummary("demo", 1, "smoke", Path("r"), cells=5, computed=2, cached=1)


def test_counts_add_up() -> None:
    failed = replace(SUITE, failures=(FailedCell("c", "timeout", "m"),), missing_cells=(MissingCell("d", "r"),))
    summary = RunSummary((failed, replace(SUITE, cells=3)))
    assert summary.counts() == {"cells": 8, "computed": 4, "cached": 2, "failed": 1, "missing": 1}
    assert not summary.is_complete
    assert RunSummary((SUITE,)).is_complete
    assert summary.pending == 0
