"""Markdown, JUnit and JSON of a gate say the verdict first and survive strange strings."""

from __future__ import annotations

import json
import math
from xml.etree import ElementTree

from harness.gating import CellComparison, Change, ClaimChange, Comparison, RowShift, TimingComparison
from harness.gating.output import gate_json, gate_junit, gate_markdown
from harness.model import CellId
from harness.statistics import Interval


def _comparison() -> Comparison:
    cells = (
        CellComparison(CellId("otsu", "blobs", "a", "", 0), "same"),
        CellComparison(
            CellId("otsu", "blobs", "b", "f1", 2),
            "worse",
            "map 0.5 -> nan (worse)",
            (Change("map", 0.5, math.nan, "worse"), Change("arand", 0.1, 0.1, "same")),
            inputs_changed=True,
        ),
        CellComparison(CellId("log", "blobs", "a", "", 0), "new failure", "exception: <b>|\x00 bad"),
        CellComparison(CellId("log", "blobs", "b", "", 0), "missing cell", "in the baseline, not in the results"),
        CellComparison(CellId("log", "blobs", "c", "", 0), "same failure", "timeout"),
        CellComparison(CellId("log", "blobs", "d", "", 0), "new cell"),
    )
    shifts = (RowShift("otsu", "map", Interval(-0.1, -0.2, -0.05, 9), "worse"),)
    timings = (
        TimingComparison("otsu", "", "cpu", "Wilcoxon signed-rank", 6, 1.0, 2.0, 0.0156, "slower"),
        TimingComparison("log", "blobs/a/0", "cpu", "none: too few repeats", 1, 2.0, 3.0, 1.0, "untested"),
        TimingComparison("log", "blobs/b/0", "cpu", "Mann-Whitney", 5, -0.6, 0.4, 0.004, "faster"),
    )
    claims = (
        ClaimChange("best", "otsu is best", "holds", "does not hold", "otsu 0.1"),
        ClaimChange("fast", "otsu is fastest", "holds", "does not hold", "2 s", is_judged=False),
        ClaimChange("kept", "truth is truth", "holds", "holds", ""),
    )
    return Comparison("toy", 1, "smoke", cells, shifts, timings, claims, ("a | note",))


def test_markdown_begins_with_the_verdict_and_lists_what_needs_attention_first() -> None:
    text = gate_markdown([_comparison()], "old")
    lines = text.splitlines()
    assert lines[0] == "# Gate: regression"
    assert "Baseline: old" in lines
    table = [line for line in lines if line.startswith("| ") and "blobs" in line]
    assert table[0].startswith("| worse | otsu on blobs/b fold f1 repeat 2 |")
    assert "chain, data or versions changed" in table[0]
    assert table[1].startswith("| new failure |")
    assert "\\<b\\>\\|" in text
    assert "- a \\| note" in lines
    assert "[-0.2, -0.05]" in text
    assert "| broken | otsu is best | otsu 0.1 |" in lines
    assert "truth is truth" not in text


def test_markdown_of_nothing_changed_is_short() -> None:
    same = Comparison("toy", 1, "smoke", _comparison().cells[:1])
    assert gate_markdown([same], "old").splitlines() == [
        "# Gate: ok",
        "",
        "Baseline: old",
        "",
        "## toy v1 smoke: ok",
        "",
        "1 same",
    ]


def test_json_has_no_nan() -> None:
    value = gate_json([_comparison()], "old")
    json.dumps(value, allow_nan=False)
    assert (value["verdict"], value["exit_code"]) == ("regression", 1)
    suite = value["suites"][0]
    assert suite["cells"][1]["changes"] == [{"metric": "map", "before": 0.5, "after": None, "outcome": "worse"}]
    assert suite["counts"] == {
        "worse": 1,
        "new failure": 1,
        "missing cell": 1,
        "new cell": 1,
        "same failure": 1,
        "same": 1,
    }
    assert suite["timings"][1]["p"] is None


def test_markdown_makes_no_link_and_no_escape_sequence_of_what_records_say() -> None:
    title = "[results](javascript:alert(1))\x1b[2J"
    assert "Baseline: \\[results\\](javascript:alert(1))\\\\x1b\\[2J" in gate_markdown([], title)


def test_junit_counts_and_escapes() -> None:
    root = ElementTree.fromstring(gate_junit([_comparison()]))
    suite = root.find("testsuite")
    assert suite is not None
    counts = {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped")}
    assert counts == {"tests": "12", "failures": "3", "errors": "2", "skipped": "2"}
    error = suite.find("testcase[@classname='toy.smoke.log']/error")
    assert error is not None
    assert "<b>|\ufffd bad" in str(error.get("message"))


def test_junit_of_an_absent_suite_is_an_error() -> None:
    root = ElementTree.fromstring(gate_junit([Comparison("toy", 1, "smoke", ())]))
    assert root.find("testsuite/testcase/error") is not None
