"""What a gate found, as Markdown for people, JUnit XML for continuous integration and JSON for programs."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any
from xml.etree import ElementTree

from harness.escaping import markdown
from harness.gating.compare import OUTCOMES, CellComparison, ClaimChange, Comparison, exit_code
from harness.gating.timing import TimingComparison

VERDICTS = {0: "ok", 1: "regression", 3: "incomplete", 4: "no baseline"}
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def gate_markdown(comparisons: Sequence[Comparison], baseline: str) -> str:
    """Return the summary: the verdict first, then per suite the counts and every cell that is not the same."""
    lines = [f"# Gate: {VERDICTS[exit_code(comparisons)]}", "", f"Baseline: {markdown(baseline)}", ""]
    for comparison in comparisons:
        lines += [f"## {markdown(_title(comparison))}: {VERDICTS[comparison.exit_code]}", ""]
        counts = ", ".join(f"{number} {outcome}" for outcome, number in comparison.counts.items())
        lines += [counts or "no records on either side", ""]
        lines += [f"- {markdown(note)}" for note in comparison.notes]
        lines += [""] if comparison.notes else []
        lines += _cells_markdown(comparison) + _claims_markdown(comparison)
        lines += _shifts_markdown(comparison) + _timings_markdown(comparison)
    return "\n".join(lines).rstrip() + "\n"


def gate_json(comparisons: Sequence[Comparison], baseline: str) -> dict[str, Any]:
    """Return the whole comparison as a JSON-able value; undefined numbers are null."""
    return {
        "verdict": VERDICTS[exit_code(comparisons)],
        "exit_code": exit_code(comparisons),
        "baseline": baseline,
        "suites": [_suite_json(comparison) for comparison in comparisons],
    }


def gate_junit(comparisons: Sequence[Comparison]) -> str:
    """Return JUnit XML: one suite per compared suite, one case per cell and per timing test."""
    root = ElementTree.Element("testsuites", name="harness gate")
    for comparison in comparisons:
        suite = ElementTree.SubElement(root, "testsuite", name=_xml(_title(comparison)))
        for cell in comparison.cells:
            _junit_cell(suite, comparison, cell)
        for timing in comparison.timings:
            _junit_timing(suite, comparison, timing)
        for claim in comparison.claims:
            _junit_claim(suite, comparison, claim)
        if not comparison.cells:
            case = ElementTree.SubElement(suite, "testcase", classname=_class(comparison, "suite"), name="baseline")
            ElementTree.SubElement(case, "error", message="no records on either side", type="missing baseline")
        for tag, attribute in (("testcase", "tests"), ("failure", "failures"), ("error", "errors")):
            suite.set(attribute, str(len(list(suite.iter(tag)))))
        suite.set("skipped", str(len(list(suite.iter("skipped")))))
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _title(comparison: Comparison) -> str:
    return f"{comparison.suite} v{comparison.version} {comparison.tier}"


def _cells_markdown(comparison: Comparison) -> list[str]:
    shown = sorted((cell for cell in comparison.cells if cell.outcome != "same"), key=_attention)
    if not shown:
        return []
    rows = [f"| {cell.outcome} | {markdown(str(cell.id))} | {markdown(_detail(cell))} |" for cell in shown]
    return ["| outcome | cell | what changed |", "|---|---|---|", *rows, ""]


def _claims_markdown(comparison: Comparison) -> list[str]:
    changed = [claim for claim in comparison.claims if claim.outcome != "same"]
    if not changed:
        return []
    rows = [f"| {claim.outcome} | {markdown(claim.sentence)} | {markdown(claim.why)} |" for claim in changed]
    return ["| claim is | which | why |", "|---|---|---|", *rows, ""]


def _shifts_markdown(comparison: Comparison) -> list[str]:
    if not comparison.shifts:
        return []
    rows = [
        f"| {markdown(s.row)} | {markdown(s.metric)} | {s.interval.mean:+.6g} "
        f"| [{s.interval.low:+.6g}, {s.interval.high:+.6g}] | {s.interval.n} | {s.outcome} |"
        for s in comparison.shifts
    ]
    head = "| row | metric | mean change | 95 % interval (paired bootstrap) | samples | drift |"
    return [head, "|---|---|---|---|---|---|", *rows, ""]


def _timings_markdown(comparison: Comparison) -> list[str]:
    if not comparison.timings:
        return []
    tested = [timing for timing in comparison.timings if timing.outcome != "untested"]
    untested = len(comparison.timings) - len(tested)
    lines = [f"{untested} durations are not tested: too few repeats.", ""] if untested else []
    if not tested:
        return lines
    rows = [
        f"| {markdown(t.row)} | {markdown(t.cell) or 'all'} | {markdown(t.machine)} "
        f"| {t.ratio:.3g} | {t.difference_s:+.3g} | {_p(t)} | {t.test} | {t.n} | {t.outcome} |"
        for t in tested
    ]
    head = "| row | cell | machine | time ratio | seconds more | p (Holm) | test | n | outcome |"
    return [head, "|---|---|---|---|---|---|---|---|---|", *rows, "", *lines]


def _suite_json(comparison: Comparison) -> dict[str, Any]:
    return {
        "suite": comparison.suite,
        "version": comparison.version,
        "tier": comparison.tier,
        "verdict": VERDICTS[comparison.exit_code],
        "counts": dict(comparison.counts),
        "notes": list(comparison.notes),
        "cells": [_cell_json(cell) for cell in comparison.cells],
        "claims": [
            {"claim": c.claim, "before": c.before, "after": c.after, "outcome": c.outcome, "why": c.why}
            for c in comparison.claims
        ],
        "shifts": [
            {
                "row": shift.row,
                "metric": shift.metric,
                "mean": shift.interval.mean,
                "low": shift.interval.low,
                "high": shift.interval.high,
                "samples": shift.interval.n,
                "outcome": shift.outcome,
            }
            for shift in comparison.shifts
        ],
        "timings": [
            {
                "row": timing.row,
                "cell": timing.cell,
                "machine": timing.machine,
                "test": timing.test,
                "n": timing.n,
                "difference_s": timing.difference_s,
                "ratio": timing.ratio,
                "p": None if timing.outcome == "untested" else timing.p,
                "outcome": timing.outcome,
            }
            for timing in comparison.timings
        ],
    }


def _cell_json(cell: CellComparison) -> dict[str, Any]:
    return {
        "row": cell.id.row,
        "dataset": cell.id.dataset,
        "sample": cell.id.sample,
        "fold": cell.id.fold,
        "repeat": cell.id.repeat,
        "outcome": cell.outcome,
        "detail": cell.detail,
        "inputs_changed": cell.inputs_changed,
        "hardware": cell.hardware,
        "changes": [
            {"metric": c.metric, "before": _number(c.before), "after": _number(c.after), "outcome": c.outcome}
            for c in cell.changes
            if c.outcome != "same"
        ],
    }


def _number(value: float) -> float | str | None:
    """NaN is null and infinities are words, as strict JSON knows neither."""
    return None if math.isnan(value) else value if math.isfinite(value) else str(value)


def _junit_cell(suite: ElementTree.Element, comparison: Comparison, cell: CellComparison) -> None:
    name = str(cell.id).split(" on ", 1)[1]
    case = ElementTree.SubElement(suite, "testcase", classname=_class(comparison, cell.id.row), name=_xml(name))
    tags = {"worse": "failure", "new failure": "error", "missing cell": "error", "missing baseline": "error"}
    tag = "skipped" if cell.outcome == "same failure" else tags.get(cell.outcome)
    message = _xml(": ".join(part for part in (cell.outcome, _detail(cell)) if part))
    if tag is not None:
        ElementTree.SubElement(case, tag, message=message, type=cell.outcome)
    elif cell.outcome != "same":
        ElementTree.SubElement(case, "system-out").text = message


def _junit_timing(suite: ElementTree.Element, comparison: Comparison, timing: TimingComparison) -> None:
    name = _xml(f"time {timing.cell}".strip())
    case = ElementTree.SubElement(suite, "testcase", classname=_class(comparison, timing.row), name=name)
    message = f"{timing.ratio:.3g} times the baseline on {timing.machine} ({timing.test}, p {_p(timing)}, n {timing.n})"
    if timing.outcome == "slower":
        ElementTree.SubElement(case, "failure", message=_xml(message), type="slower")
    elif timing.outcome == "untested":
        ElementTree.SubElement(case, "skipped", message=_xml(message))
    elif timing.outcome == "faster":
        ElementTree.SubElement(case, "system-out").text = _xml(message)


def _junit_claim(suite: ElementTree.Element, comparison: Comparison, claim: ClaimChange) -> None:
    case = ElementTree.SubElement(suite, "testcase", classname=_class(comparison, "claims"), name=_xml(claim.claim))
    message = _xml(f"{claim.outcome}: {claim.sentence}: {claim.why}")
    if claim.outcome == "broken" and claim.is_judged:
        ElementTree.SubElement(case, "failure", message=message, type="broken claim")
    elif claim.outcome != "same":
        ElementTree.SubElement(case, "system-out").text = message


def _class(comparison: Comparison, row: str) -> str:
    return _xml(f"{comparison.suite}.{comparison.tier}.{row}")


def _detail(cell: CellComparison) -> str:
    inputs = "chain, data or versions changed" if cell.inputs_changed else ""
    hardware = f"other hardware: {cell.hardware}" if cell.hardware else ""
    return "; ".join(part for part in (cell.detail, inputs, hardware) if part)


def _attention(cell: CellComparison) -> int:
    return OUTCOMES.index(cell.outcome)


def _p(timing: TimingComparison) -> str:
    return "-" if timing.outcome == "untested" else f"{timing.p:.3g}"


def _xml(text: str) -> str:
    """Replace characters that XML 1.0 cannot hold."""
    return _NOT_XML.sub("\ufffd", text)
