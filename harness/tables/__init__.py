"""Tables: records laid out as the source lays them out, and their renderings."""

from __future__ import annotations

from harness.tables.build import build_table
from harness.tables.data import to_csv, to_json
from harness.tables.latex import to_latex
from harness.tables.markdown import to_markdown
from harness.tables.model import ClaimLine, Column, Cost, Failure, Score, Table, TableRow

__all__ = [
    "ClaimLine",
    "Column",
    "Cost",
    "Failure",
    "Score",
    "Table",
    "TableRow",
    "build_table",
    "to_csv",
    "to_json",
    "to_latex",
    "to_markdown",
]
