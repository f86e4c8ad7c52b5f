"""Claims as lines of a table."""

from __future__ import annotations

from pathlib import Path

from harness.standing.claims import check_claims
from harness.tables.claims import claim_lines
from tests.helpers import SUITE, temp_project
from tests.records import record_of

CLAIM = """
[[claims]]
id = "best"
sentence = "the network is best"
rule = { kind = "ranks above", better = ["net"], worse = ["otsu"] }
"""


def test_a_claim_is_a_line_with_its_outcome_and_numbers(tmp_path: Path) -> None:
    project = temp_project(tmp_path)
    text = SUITE + CLAIM
    records = [
        record_of(cell, {"map.toy": (0.9 if cell.row == "net" else 0.5) + n / 1000, "arand.toy": 0.1})
        for n, cell in enumerate(project.cells(text, "paper"))
    ]
    (line,) = claim_lines(check_claims(project.standing(records, text=text, tier="paper")))
    assert (line.sentence, line.outcome) == ("the network is best", "holds")
    (line,) = claim_lines(check_claims(project.standing(text=text, tier="paper")))
    assert line.outcome == "open"
