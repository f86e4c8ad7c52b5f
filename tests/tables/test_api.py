"""`harness.table` reads the working folder unless told otherwise."""

from __future__ import annotations

from pathlib import Path

import harness
from harness.tables import Table
from tests.cli.project import Cli


def test_the_table_of_a_suite_from_python(cli: Cli) -> None:
    cli.fake_records()
    table = harness.table("toy")
    assert isinstance(table, Table)
    assert (table.tier, table.cells, table.ok) == ("smoke", 4, 4)
    assert harness.table("toy", results=Path("elsewhere"), project=harness.Project.find(cli.folder)).missing == 4
    assert harness.table("toy", tier="mini").missing == 2
