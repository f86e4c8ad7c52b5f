"""A table as text in any of the four formats, and the files kept beside the records."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

from harness.store import Store
from harness.tables.curves import curve_figures
from harness.tables.data import to_csv, to_curve_csv, to_figure_csv, to_json
from harness.tables.latex import to_latex
from harness.tables.markdown import to_markdown
from harness.tables.model import Table
from harness.tables.statements import (
    StatementTable,
    statements_csv,
    statements_json,
    statements_latex,
    statements_markdown,
)

Format = Literal["md", "csv", "tex", "json"]
FORMATS: tuple[Format, ...] = ("md", "csv", "tex", "json")
_KEPT: tuple[Format, ...] = ("md", "csv", "tex")


def render(table: Table | StatementTable, wanted: Format) -> str:
    """Return a table as text that ends with a newline."""
    if wanted == "json":
        value = statements_json(table) if isinstance(table, StatementTable) else to_json(table)
        return json.dumps(value, indent=2, allow_nan=False) + "\n"
    if isinstance(table, StatementTable):
        return {"md": statements_markdown, "csv": statements_csv, "tex": statements_latex}[wanted](table)
    return {"md": to_markdown, "csv": to_csv, "tex": to_latex}[wanted](table)


def table_files(table: Table | StatementTable) -> dict[str, str]:
    """Return the files that are kept beside the records, by name: the table in three formats, its figures as CSV."""
    files = {f"table.{wanted}": render(table, wanted) for wanted in _KEPT}
    figures = curve_figures(table) if isinstance(table, Table) else ()
    if isinstance(table, Table) and (thresholds := [one for one in figures if one.is_automatic]):
        files["curve.csv"] = to_curve_csv(table, thresholds)
    if isinstance(table, Table):
        files |= {f"{one.name}.csv": to_figure_csv(table, one) for one in figures if not one.is_automatic}
    return files


def write_tables(table: Table | StatementTable, results: Path) -> tuple[Path, ...]:
    """Write the files of a table beside the records and return their paths."""
    store = Store(results, table.suite, table.version, table.tier)
    return tuple(store.write_table(name, text) for name, text in table_files(table).items())
