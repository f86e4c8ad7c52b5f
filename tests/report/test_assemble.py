"""Tables put together from a results folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.datasets import load_catalogue
from harness.report import metric_facts, suite_claims, suite_table
from harness.suite import Suite, load_suite
from harness.tables import Facts, Table
from tests.cli.project import DATA_TABLE, SUITE, Cli


@pytest.fixture
def suite(cli: Cli) -> Suite:
    cli.fake_records()
    return load_suite("toy")


def test_scores_and_claims(suite: Suite) -> None:
    table = suite_table(suite, "smoke", Path("results"), load_catalogue())
    assert isinstance(table, Table)
    assert (table.cells, table.ok) == (4, 4)
    assert [(claim.id, claim.outcome) for claim in table.claims] == [("best", "open")]
    assert metric_facts(suite)["arand.elf"] == ("lower", "fraction")


def test_claims_on_printed_values_load_the_suites_they_name(suite: Suite, cli: Cli) -> None:
    (cli.folder / "suites" / "other.toml").write_text(SUITE.replace('"toy"', '"other"'))
    rule = 'rule = { kind = "equal published", entries = ["otsu", "other/otsu"] }'
    claim = f'[[claims]]\nid = "same"\nsentence = "the same"\n{rule}\n'
    (cli.folder / "suites" / "toy.toml").write_text(SUITE + claim)
    verdicts = suite_claims(load_suite("toy"), "smoke", None, (), ())
    assert [(verdict.claim, verdict.outcome) for verdict in verdicts] == [("best", "open"), ("same", "holds")]


def test_data_tables_show_stored_facts(cli: Cli) -> None:
    (cli.folder / "suites" / "facts.toml").write_text(DATA_TABLE)
    table = suite_table(load_suite("facts"), "smoke", Path("results"), load_catalogue())
    assert isinstance(table, Facts)
    assert table.missing == 1
    assert cli("table", "facts", "--strict")[0] == 3
    assert cli("run", "facts")[0] == 0
    table = suite_table(load_suite("facts"), "smoke", Path("results"), load_catalogue())
    assert isinstance(table, Facts)
    assert table.rows[0].computed["shape"] == (48, 48)
    code, out, _ = cli("table", "facts")
    assert code == 0
    assert "| blobs |" in out
