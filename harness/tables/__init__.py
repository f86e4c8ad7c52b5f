"""Tables: records laid out as the source lays them out, and their renderings."""

from __future__ import annotations

from harness.tables.build import build_table, table_of
from harness.tables.caption import caption
from harness.tables.curves import Curve, CurveFigure, curve_figures
from harness.tables.facts import Facts, build_facts
from harness.tables.model import ClaimLine, Column, Cost, Duration, Failure, Score, Table, TableRow
from harness.tables.render import FORMATS, Format, render, table_files, write_tables

__all__ = [
    "FORMATS",
    "ClaimLine",
    "Column",
    "Cost",
    "Curve",
    "CurveFigure",
    "Duration",
    "Facts",
    "Failure",
    "Format",
    "Score",
    "Table",
    "TableRow",
    "build_facts",
    "build_table",
    "caption",
    "curve_figures",
    "render",
    "table_files",
    "table_of",
    "write_tables",
]
