"""Cells of text, empty columns left out, groups kept."""

from __future__ import annotations

from harness.tables.grid import OTHER, grid, grouped
from tests.tables.tables import make_curve_table, make_table


def test_header_and_lines() -> None:
    cells = grid(make_table())
    assert cells.header == (
        "row",
        "map (percent) ↑",
        "published",
        "arand_x (fraction) ↓",
        "n",
        "cells",
        "seconds",
        "training s",
        "busy %",
        "peak MB",
        "not ok",
    )
    (first, (truth,)), (second, (net,)) = cells.groups
    assert (first, second) == ("controls", OTHER)
    assert truth.cells[:4] == ("Truth & <b>", "100.00 ± 0.00", "-", "0.0000 (1 undefined)")
    assert net.row == "net"
    assert net.cells == (
        "Net_1", "60.00 ± 14.14", "78.33 ± 1.73 [!]", "-", "2", "2 of 4", "1.5", "60", "87", "250",
        "1 failed, 1 missing",
    )  # fmt: skip


def test_verdicts_on_the_paper_tier_only() -> None:
    assert "verdict" not in grid(make_table()).header
    cells = grid(make_table(tier="paper"))
    assert cells.header[3] == "verdict"
    assert cells.groups[1][1][0].cells[3] == "not reproduced"


def test_groups_stand_in_the_order_of_their_first_row() -> None:
    rows = make_curve_table().rows
    assert [(heading, [row.id for row in members]) for heading, members in grouped((*rows[2:], *rows[:2]))] == [
        ("nets", ["net", "one"]),
        (OTHER, ["gone"]),
        ("controls", ["truth"]),
    ]
