"""A table as LaTeX for the booktabs package."""

from __future__ import annotations

import re
from collections.abc import Iterable

from harness.escaping import one_line
from harness.tables.grid import Grid, GridLine, grid
from harness.tables.model import Table
from harness.tables.text import footnotes, header_lines, heading, row_notes

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "±": r"$\pm$",
    "↑": r"$\uparrow$",
    "↓": r"$\downarrow$",
    "…": r"\dots{}",
    "<": r"$<$",
    ">": r"$>$",
    **{character: f"\\{character}" for character in "&%$#_{}"},
}
_SPECIAL_PATTERN = re.compile("|".join(map(re.escape, _SPECIAL)))


def to_latex(table: Table) -> str:
    """Return a `table` environment that needs `\\usepackage{booktabs}`; what must be read first is its caption.

    Claims and notes on rows follow as comments.
    """
    caption = ". ".join((heading(table.title, table.source), *header_lines(table), *footnotes(table)))
    claims = "".join(f"% claim {one_line(f'{c.id}: {c.outcome}: {c.sentence} {c.detail}')}\n" for c in table.claims)
    notes = "".join(f"% row {one_line(note)}\n" for note in row_notes(table))
    return latex_table(caption, f"{table.suite}-{table.tier}", grid(table)) + claims + notes


def latex_table(caption: str, label: str, cells: Grid) -> str:
    """Return a grid as a `table` environment with an escaped caption."""
    body: list[str] = []
    for group, members in cells.groups:
        if group:
            body += [r"\addlinespace", f"\\multicolumn{{{len(cells.header)}}}{{l}}{{\\textit{{{escape(group)}}}}} \\\\"]
        body += [_line(_marked(line)) for line in members]
    return "\n".join(
        [
            r"\begin{table}",
            f"\\caption{{{escape(caption)}.}}",
            f"\\label{{tab:{re.sub('[^a-z0-9.-]', '-', label.lower())}}}",
            f"\\begin{{tabular}}{{l{'r' * (len(cells.header) - 1)}}}",
            r"\toprule",
            _line(cells.header),
            r"\midrule",
            *body,
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
            "",
        ]
    )


def escape(text: str) -> str:
    """Return text on one line that LaTeX prints as it is.

    After the end of a row, "[" at the beginning would be read as a length and "*" as a request for no page break.
    """
    flat = one_line(text)
    guard = "{}" if flat.startswith(("[", "*")) else ""
    return guard + _SPECIAL_PATTERN.sub(lambda match: _SPECIAL[match.group()], flat)


def _marked(line: GridLine) -> Iterable[str]:
    """Yield the cells of a line; those that count no more say by which advisory."""
    for at, text in enumerate(line.cells):
        yield f"{text} (struck out: {line.struck[at]})" if at in line.struck else text


def _line(cells: Iterable[str]) -> str:
    return " & ".join(escape(text) for text in cells) + r" \\"
