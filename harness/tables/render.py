"""A table as text in any of the four formats, and the files kept beside the records."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

from harness.store import Store
from harness.tables.printed import Printed

Format = Literal["md", "csv", "tex", "json"]
FORMATS: tuple[Format, ...] = ("md", "csv", "tex", "json")
_KEPT: tuple[Format, ...] = ("md", "csv", "tex")


def render(table: Printed, wanted: Format) -> str:
    """Return a table as text that ends with a newline."""
    if wanted == "json":
        return json.dumps(table.json(), indent=2, allow_nan=False) + "\n"
    return {"md": table.markdown, "csv": table.csv, "tex": table.latex}[wanted]()


def table_files(table: Printed) -> dict[str, str]:
    """Return the files that are kept beside the records, by name: the table in three formats, its figures as CSV."""
    return {f"table.{wanted}": render(table, wanted) for wanted in _KEPT} | dict(table.files())


def write_tables(table: Printed, results: Path) -> tuple[Path, ...]:
    """Write the files of a table beside the records and return their paths."""
    store = Store(results, table.suite, table.version, table.tier)
    return tuple(store.write_table(name, text) for name, text in table_files(table).items())
