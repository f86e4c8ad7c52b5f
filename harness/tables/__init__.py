"""Tables: records laid out as the source lays them out, and their renderings."""

from __future__ import annotations

from harness.tables.build import build_table
from harness.tables.facts import Facts, build_facts
from harness.tables.model import ClaimLine, Column, Cost, Failure, Score, Table, TableRow
from harness.tables.render import FILES, FORMATS, Format, render, write_tables

__all__ = [
    "FILES",
    "FORMATS",
    "ClaimLine",
    "Column",
    "Cost",
    "Facts",
    "Failure",
    "Format",
    "Score",
    "Table",
    "TableRow",
    "build_facts",
    "build_table",
    "render",
    "write_tables",
]
