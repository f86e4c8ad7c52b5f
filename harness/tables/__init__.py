"""Tables: records laid out as the source lays them out, and their renderings."""

from __future__ import annotations

from harness.tables.api import table_frame
from harness.tables.build import build_table
from harness.tables.caption import PrintedFigure, caption, printed_figure
from harness.tables.curves import Curve, CurveFigure, curve_figures
from harness.tables.kinds import table_of
from harness.tables.model import ClaimLine, Column, Cost, Duration, Failure, Score, Table, TableRow
from harness.tables.printed import Printed
from harness.tables.render import FORMATS, Format, render, table_files, write_tables
from harness.tables.scores import ScoreTable
from harness.tables.statements import StatementTable, build_statements

__all__ = [
    "FORMATS",
    "ClaimLine",
    "Column",
    "Cost",
    "Curve",
    "CurveFigure",
    "Duration",
    "Failure",
    "Format",
    "Printed",
    "PrintedFigure",
    "Score",
    "ScoreTable",
    "StatementTable",
    "Table",
    "TableRow",
    "build_statements",
    "build_table",
    "caption",
    "curve_figures",
    "printed_figure",
    "render",
    "table_files",
    "table_frame",
    "table_of",
    "write_tables",
]
