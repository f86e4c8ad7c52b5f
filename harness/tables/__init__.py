"""Tables: records laid out as the source lays them out, and their renderings."""

from __future__ import annotations

from harness.tables.assemble import FORMATS, Format, metric_facts, render, suite_claims, suite_table, write_tables
from harness.tables.build import build_table
from harness.tables.facts import Facts, build_facts
from harness.tables.model import ClaimLine, Column, Cost, Failure, Score, Table, TableRow

__all__ = [
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
    "metric_facts",
    "render",
    "suite_claims",
    "suite_table",
    "write_tables",
]
