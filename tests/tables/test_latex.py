"""LaTeX for booktabs with every special character escaped."""

from __future__ import annotations

import re

import pytest

from harness.tables.latex import escape, to_latex
from tests.tables.tables import make_table


def test_every_line_has_as_many_cells() -> None:
    text = to_latex(make_table())
    body = text[text.index("\\toprule") : text.index("\\bottomrule")]
    rows = [line for line in body.splitlines() if " & " in line]
    assert len(rows) == 3
    assert len({len(re.findall(r"(?<!\\)&", row)) for row in rows}) == 1
    assert "\\multicolumn{11}{l}{\\textit{controls}} \\\\" in body
    assert "60.00 $\\pm$ 14.14" in body
    assert "\\label{tab:toy-smoke}" in text
    assert "% claim c: holds: truth & net truth 1, net 0.6\n" in text
    assert text.endswith("% row Net_1: trains on every tier: 100 % here\n")


def test_the_caption_says_the_state() -> None:
    caption = next(line for line in to_latex(make_table()).splitlines() if line.startswith("\\caption"))
    assert "Toy | 100 \\% (table 0)" in caption
    assert "6 cells: 1 FAILED, 1 MISSING, 4 ok" in caption


@pytest.mark.parametrize("text", ["[5cm] net", "* net", "  [x", "*"])
def test_a_line_never_begins_with_what_the_end_of_a_row_would_take(text: str) -> None:
    assert escape(text).startswith("{}")
    assert escape(f"net {text}") == f"net {' '.join(text.split())}"


def test_what_acts_is_no_part_of_a_table() -> None:
    assert escape("a\x1b[0m\u202eb") == "a\\textbackslash{}x1b[0m\\textbackslash{}u202eb"


def test_specials() -> None:
    assert escape("a_b & 5% #1 {x} ~ ^ \\ <y> ±\n$") == (
        "a\\_b \\& 5\\% \\#1 \\{x\\} \\textasciitilde{} \\textasciicircum{} \\textbackslash{} $<$y$>$ $\\pm$ \\$"
    )
