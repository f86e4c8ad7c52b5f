"""The gate: results against a baseline, cell by cell, with one outcome each and one exit code for all."""

from harness.gate.baseline import Baseline, open_baseline
from harness.gate.compare import CellComparison, Change, ClaimChange, Comparison, RowShift, compare, exit_code
from harness.gate.facts import compare_facts
from harness.gate.hardware import OtherHardware
from harness.gate.output import gate_json, gate_junit, gate_markdown
from harness.gate.timing import TimingComparison, TimingRule, compare_timings

__all__ = [
    "Baseline",
    "CellComparison",
    "Change",
    "ClaimChange",
    "Comparison",
    "OtherHardware",
    "RowShift",
    "TimingComparison",
    "TimingRule",
    "compare",
    "compare_facts",
    "compare_timings",
    "exit_code",
    "gate_json",
    "gate_junit",
    "gate_markdown",
    "open_baseline",
]
