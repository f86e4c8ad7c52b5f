from __future__ import annotations

from typing import get_args

from harness.project import Project
from harness.suite.schema import SuiteFile
from harness.tables import ScoreTable, StatementTable, table_of
from harness.tables.kinds import KINDS
from tests.cli.project import DATA_TABLE, Cli


def test_every_kind_of_suite_has_its_table(cli: Cli) -> None:
    assert set(KINDS) == set(get_args(SuiteFile.model_fields["kind"].annotation))
    (cli.folder / "suites" / "facts.toml").write_text(DATA_TABLE)
    project = Project.find(cli.folder)
    tables = {
        name: table_of(project.results(cli.folder / "runs", project.suite(name), "smoke")) for name in ("toy", "facts")
    }
    assert isinstance(tables["toy"], ScoreTable)
    assert isinstance(tables["facts"], StatementTable)
    assert [table.state for table in tables.values()] == ["4 missing", "1 rows missing"]
