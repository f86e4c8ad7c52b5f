"""Figures of a benchmark beside the goals that an issue or README states, as a table with the machine.

`python -m tests.bench.figures FILE` prints the table of what a run has kept with HARNESS_BENCH_FIGURES=FILE.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pytest

from harness.provenance import hardware
from harness.tables.markdown import markdown_rows

KEPT_IN = "HARNESS_BENCH_FIGURES"
"""Variable that names a file in which the figures of one file of benchmarks are kept."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A number that was measured: what of, in which unit, and the goal ("" for none), which is met or missed."""

    what: str
    value: float
    unit: str
    goal: str = ""
    is_met: bool = True


def at_least(what: str, value: float, unit: str, goal: float) -> Figure:
    """Return a figure that shall not be smaller than its goal."""
    return Figure(what, value, unit, f">= {goal:g}", value >= goal)


def at_most(what: str, value: float, unit: str, goal: float) -> Figure:
    """Return a figure that shall not be larger than its goal."""
    return Figure(what, value, unit, f"<= {goal:g}", value <= goal)


def table(figures: Sequence[Figure]) -> str:
    """Return figures as Markdown."""
    header = ("figure", "value", "goal", "")
    lines = (
        (one.what, f"{one.value:.3g} {one.unit}".strip(), one.goal or "–", ("met" if one.is_met else "missed"))
        if one.goal
        else (one.what, f"{one.value:.3g} {one.unit}".strip(), "–", "")
        for one in figures
    )
    return markdown_rows(header, lines)


def kept(figures: Sequence[Figure]) -> dict[str, Any]:
    """Return what is kept of a run: the machine, and each figure."""
    found = hardware()
    machine = {"cpu": found.cpu, "usable_cores": found.usable_cores, "memory_gib": found.memory_gib}
    return {"machine": machine, "figures": [asdict(one) for one in figures]}


def show(request: pytest.FixtureRequest, figures: Sequence[Figure]) -> None:
    """Print figures below what pytest says, with the machine, and keep them where HARNESS_BENCH_FIGURES says."""
    reporter = request.config.pluginmanager.getplugin("terminalreporter")
    assert reporter is not None
    found = kept(figures)
    reporter.write_line(f"\n\n{found['machine']}\n\n{table(figures)}")
    if path := os.environ.get(KEPT_IN):
        Path(path).write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def kept_table(path: Path) -> str:
    """Return what a run has kept as Markdown, the machine in its last line."""
    found = json.loads(path.read_text(encoding="utf-8"))
    machine = found["machine"]
    words = f"{machine['cpu']}, {machine['usable_cores']} cores, {machine['memory_gib']} GiB"
    return f"{table([Figure(**one) for one in found['figures']])}\n| machine | {words} |  |  |"


def main() -> int:
    """Print the table of a file."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.figures", description=__doc__)
    parser.add_argument("file", type=Path)
    sys.stdout.write(f"{kept_table(parser.parse_args().file)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
