"""The gate: results against a baseline, cell by cell, with one outcome each and one exit code for all."""

from harness.gating.baseline import Baseline, open_baseline
from harness.gating.compare import CellComparison, Change, ClaimChange, Comparison, Judge, RowShift, compare, exit_code
from harness.gating.hardware import OtherHardware
from harness.gating.output import gate_json, gate_junit, gate_markdown
from harness.gating.published import PublishedScore, agreement_counts, beside_published
from harness.gating.statements import compare_statements
from harness.gating.suites import Gated, GateRules, compare_suite, gate_suites
from harness.gating.timing import TimingComparison, TimingRule, compare_timings

__all__ = [
    "Baseline",
    "CellComparison",
    "Change",
    "ClaimChange",
    "Comparison",
    "GateRules",
    "Gated",
    "Judge",
    "OtherHardware",
    "PublishedScore",
    "RowShift",
    "TimingComparison",
    "TimingRule",
    "agreement_counts",
    "beside_published",
    "compare",
    "compare_statements",
    "compare_suite",
    "compare_timings",
    "exit_code",
    "gate_json",
    "gate_junit",
    "gate_markdown",
    "gate_suites",
    "open_baseline",
]
