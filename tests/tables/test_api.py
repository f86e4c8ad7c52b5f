"""`harness.table` reads the working folder unless told otherwise."""

from __future__ import annotations

from pathlib import Path

import harness
from harness.tables import Table, table_frame
from harness.tables.data import CSV_COLUMNS
from tests.cli.project import Cli


def test_the_table_of_a_suite_from_python(cli: Cli) -> None:
    cli.fake_records()
    table = harness.table("toy")
    assert isinstance(table, Table)
    assert (table.tier, table.cells, table.ok) == ("smoke", 4, 4)
    assert harness.table("toy", results=Path("elsewhere"), project=harness.Project.find(cli.folder)).missing == 4
    assert harness.table("toy", tier="mini").missing == 2


def test_a_table_is_a_data_frame_with_the_lines_of_its_csv(cli: Cli) -> None:
    cli.fake_records()
    table = harness.table("toy")
    frame = table_frame(table)
    assert isinstance(table, Table)
    assert list(frame.columns) == list(CSV_COLUMNS)
    assert len(frame) == len(table.rows) * len(table.columns)
    row, column = table.rows[0], table.columns[0]
    found = frame[(frame["row"] == row.id) & (frame["metric"] == column.metric)]["mean"]
    assert list(found) == [row.scores[column.metric].summary.mean]
