"""Four formats, and the files beside the records."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.tables import FORMATS, Format, ScoreTable, render, table_files, write_tables
from tests.tables.tables import make_curve_table, make_table

TABLE = ScoreTable(make_table())


@pytest.mark.parametrize("wanted", FORMATS)
def test_every_format_ends_with_a_newline(wanted: Format) -> None:
    text = render(TABLE, wanted)
    assert text.endswith("\n")
    assert not text.endswith("\n\n")


def test_json_parses() -> None:
    assert json.loads(render(TABLE, "json"))["suite"] == "toy"


def test_files(tmp_path: Path) -> None:
    paths = write_tables(TABLE, tmp_path)
    folder = tmp_path / "toy" / "v1" / "smoke"
    assert paths == (folder / "table.md", folder / "table.csv", folder / "table.tex")
    assert paths[0].read_text(encoding="utf-8") == render(TABLE, "md")


def test_curves_have_a_file_of_their_own() -> None:
    files = table_files(ScoreTable(make_curve_table()))
    assert list(files) == ["table.md", "table.csv", "table.tex", "curve.csv"]
    assert files["curve.csv"].count("\n") == 1 + 4 * 3
