"""`harness.gating`: results against a baseline, from Python."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness.gating.compare import Comparison
from harness.gating.suites import GateRules, gate_suites
from harness.model import Tier
from harness.project import RUNS, Project, SuiteName


def gate(
    suites: SuiteName | Sequence[SuiteName],
    baseline: str | Path,
    *,
    results: Path | None = None,
    tier: Tier | None = None,
    rules: GateRules | None = None,
    project: Project | None = None,
) -> tuple[Comparison, ...]:
    """Compare results with a baseline (a results folder or a git revision); `exit_code` says what came out.

    Args:
        suites: ids, paths of suite files, or loaded suites.
        baseline: a results folder, or a git revision that holds one.
        results: the folder that is judged; None is the working folder, `runs` in the current folder.
        tier: one tier; None takes every tier that either side has records of.
        rules: tolerances over those of the suites, and the test of durations.
        project: what suites, data sets and stages are looked up in; None finds it from the current folder upwards.

    Raises:
        HarnessError: for a mistake in a suite, and for a baseline that cannot be read.
    """
    found = project or Project.find()
    loaded = found.suites([suites] if isinstance(suites, str | Path) or not isinstance(suites, Sequence) else suites)
    return gate_suites(found, loaded, str(baseline), results or RUNS, tier=tier, rules=rules).comparisons
