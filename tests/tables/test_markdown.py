"""Markdown: failures before rows, hostile strings escaped."""

from __future__ import annotations

from harness.tables.markdown import FAILURES_SHOWN, escape, to_markdown
from harness.tables.model import Failure
from tests.tables.tables import make_table


def test_order_and_escapes() -> None:
    lines = to_markdown(make_table()).splitlines()
    assert lines[0] == "# Toy \\| 100 % (table 0)"
    failure = lines.index("- net on blobs/a fold 1: exception: unet: \\<script\\>\\| _x_")
    header = next(n for n, line in enumerate(lines) if line.startswith("| row |"))
    assert lines.index("- 6 cells: 1 FAILED, 1 MISSING, 4 ok") < failure < header
    assert all(
        line.count(" | ") == lines[header].count(" | ") for line in lines[header : header + 6] if line[:2] == "| "
    )
    assert "| **holds** | truth & net | section 1 | truth 1, net 0.6 | blobs (2 samples) |" in lines
    assert lines[-2:] == ["- \\[!\\] Net_1, map: another page prints 77", "- Net_1: trains on every tier: 100 % here"]


def test_reasons_of_verdicts_on_the_paper_tier() -> None:
    assert "the means differ" not in to_markdown(make_table())
    assert "- Net_1, map: not reproduced: the means differ" in to_markdown(make_table(tier="paper")).splitlines()


def test_many_failures_are_counted() -> None:
    failures = tuple(Failure("net", str(n), "timeout", "") for n in range(FAILURES_SHOWN + 5))
    assert "- … and 5 more" in to_markdown(make_table(failures=failures)).splitlines()


def test_text_stays_in_its_cell() -> None:
    assert escape("a | b\nc `d` <e>") == "a \\| b c \\`d\\` \\<e\\>"
