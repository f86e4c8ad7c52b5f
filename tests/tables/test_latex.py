"""LaTeX for booktabs with every special character escaped."""

from __future__ import annotations

import re

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


def test_specials() -> None:
    assert escape("a_b & 5% #1 {x} ~ ^ \\ <y> ±\n$") == (
        "a\\_b \\& 5\\% \\#1 \\{x\\} \\textasciitilde{} \\textasciicircum{} \\textbackslash{} $<$y$>$ $\\pm$ \\$"
    )
