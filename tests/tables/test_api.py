"""`harness.table` reads the working folder unless told otherwise."""

from __future__ import annotations

from pathlib import Path

import harness
from harness.tables import ScoreTable, table_frame
from harness.tables.data import CSV_COLUMNS
from tests.cli.project import Cli


def test_the_table_of_a_suite_from_python(cli: Cli) -> None:
    cli.fake_records()
    table = harness.table("toy")
    assert isinstance(table, ScoreTable)
    assert (table.tier, table.table.cells, table.table.ok, table.state) == ("smoke", 4, 4, "complete")
    elsewhere = harness.table("toy", results=Path("elsewhere"), project=harness.Project.find(cli.folder))
    assert (elsewhere.state, elsewhere.is_complete) == ("4 missing", False)
    assert harness.table("toy", tier="mini").state == "2 missing"


def test_a_table_is_a_data_frame_with_the_lines_of_its_csv(cli: Cli) -> None:
    cli.fake_records()
    printed = harness.table("toy")
    frame = table_frame(printed)
    assert isinstance(printed, ScoreTable)
    table = printed.table
    assert list(frame.columns) == list(CSV_COLUMNS)
    assert len(frame) == len(table.rows) * len(table.columns)
    row, column = table.rows[0], table.columns[0]
    found = frame[(frame["row"] == row.id) & (frame["metric"] == column.metric)]["mean"]
    assert list(found) == [row.scores[column.metric].summary.mean]
