"""Data tables: computed beside printed, verdicts where the tier has what the printed values are of."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from harness.datatables import DataTableRow, ValueVerdict
from harness.tables.statements import StatementTable

ROWS = (
    DataTableRow(
        "n1",
        "N1 | <b>",
        {"count": 1118, "spacing_xyz": (0.126, 0.126, 0.284)},
        {"count": 1118, "spacing_xyz": (0.1, 0.1, 0.2)},
        {"stage": "3-V"},
        {"count": ValueVerdict("reproduced"), "spacing_xyz": ValueVerdict("not reproduced", "differs")},
        conflicts={"stage": "illegible", "count": "1119 elsewhere"},
    ),
    DataTableRow("n2", "N2", {}, {"count": 7}, {}, {"count": ValueVerdict("missing", "no data")}, "no data"),
    DataTableRow("n3", "N3", {}, {}, {}, {}, absent="no crop"),
)


def _facts(**changed: Any) -> StatementTable:
    fields: dict[str, Any] = {
        "suite": "table-2.1",
        "version": 1,
        "tier": "paper",
        "title": "Data",
        "source": "table 2.1",
        "data_note": "as published",
        "rows": ROWS,
    }
    return StatementTable(**{**fields, **changed})


def test_markdown() -> None:
    lines = _facts().markdown().splitlines()
    assert lines[0] == "# Data (table 2.1)"
    assert "- 3 rows, 1 MISSING, 1 ABSENT" in lines
    assert "- N3 is absent from this tier: no crop" in lines
    assert "- N2 is missing: no data" in lines
    header = next(line for line in lines if line.startswith("| row |"))
    assert header == (
        "| row | count | count, printed | verdict | spacing_xyz | spacing_xyz, printed | verdict | stage (stated) |"
    )
    count, spacing = "1118 | 1118 \\[!\\] | reproduced", "0.126, 0.126, 0.284 | 0.1, 0.1, 0.2 | not reproduced"
    assert f"| N1 \\| \\<b\\> | {count} | {spacing} | 3-V \\[!\\] |" in lines
    assert "- N1 \\| \\<b\\>, spacing_xyz: not reproduced: differs" in lines
    assert "- \\[!\\] N1 \\| \\<b\\>, stage: illegible" in lines


def test_no_verdict_below_the_paper_tier() -> None:
    other = ValueVerdict("not comparable", "other data")
    rows = tuple(replace(row, verdicts=dict.fromkeys(row.verdicts, other)) for row in ROWS)
    table = _facts(tier="mini", rows=rows)
    for text in (table.markdown(), table.latex(), table.csv()):
        assert "reproduced" not in text.replace("no reproduction", "")
        assert "not comparable" not in text
    assert "no reproduction and gets no verdict" in table.markdown()


def test_numbers_that_every_tier_has_are_judged_on_every_tier() -> None:
    table = _facts(tier="smoke")
    assert "| not reproduced |" in table.markdown()
    assert "no reproduction" not in table.markdown()


def test_csv_latex_and_json() -> None:
    lines = _facts().csv().splitlines()
    assert lines[1] == "table-2.1,1,paper,n1,count,1118,1118,-,reproduced,,,1119 elsewhere"
    assert lines[4].startswith("table-2.1,1,paper,n2,count,-,7,-,missing,no data,no data")
    assert "\\label{tab:table-2.1-paper}" in _facts().latex()
    value = _facts().json()
    json.dumps(value, allow_nan=False)
    assert (value["missing"], value["absent"]) == (1, 1)


def test_values_that_are_not_printed_have_one_column() -> None:
    row = DataTableRow("n1", "N1", {"count": 3, "shape": (1, 2)}, {"count": 3}, {}, {})
    header = next(line for line in _facts(rows=(row,), tier="mini").markdown().splitlines() if "| row |" in line)
    assert header == "| row | count | count, printed | shape |"
