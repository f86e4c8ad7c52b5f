"""`harness.gating` judges the working folder unless told otherwise."""

from __future__ import annotations

from pathlib import Path

import harness
from harness.gating import GateRules, exit_code
from tests.cli.project import Cli


def test_a_gate_from_python(cli: Cli) -> None:
    cli.fake_records(results="base")
    cli.fake_records(0.4)
    (found,) = harness.gate("toy", "base")
    assert (found.tier, found.counts, exit_code([found])) == ("smoke", {"worse": 2, "same": 2}, 1)
    (found,) = harness.gate(["toy"], "base", tier="smoke", rules=GateRules({"map.gonuclear": 0.2, "arand.elf": 0.2}))
    assert exit_code([found]) == 0
    project = harness.Project.find(cli.folder)
    assert harness.gate(project.suite("toy"), "base", results=Path("base2"), project=project)[0].exit_code == 3
