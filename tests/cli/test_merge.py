"""Results of several runs, brought together from the command line."""

from __future__ import annotations

import json

import pytest

from tests.cli.project import Cli


def test_rows_that_ran_side_by_side(cli: Cli) -> None:
    for row in ("otsu", "truth"):
        assert cli("run", "toy", "--row", row, "--results", f"node-{row}")[0] == 0
    code, out, err = cli("merge", "node-otsu", "node-truth")
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "node-otsu/toy/v1/smoke: 2 records taken, 0 were there",
        "node-truth/toy/v1/smoke: 2 records taken, 0 were there",
    ]
    assert [record.row for record in cli.store().records()] == ["truth", "truth", "otsu", "otsu"], "as in the suite"
    counts = json.loads(cli("run", "toy", "--json")[1].splitlines()[-1])
    assert {name: counts[name] for name in ("cells", "computed", "cached", "failed", "missing")} == {
        "cells": 4,
        "computed": 0,
        "cached": 4,
        "failed": 0,
        "missing": 0,
    }


def test_nothing_is_written_where_one_folder_disagrees(cli: Cli) -> None:
    cli.fake_records(results="one")
    cli.fake_records(0.4, results="two")
    cli.fake_records(results="runs")
    before = cli.store().scores_path.read_bytes()
    code, _, err = cli("merge", "one", "two")
    assert code == 2
    assert "two/toy/v1/smoke: otsu on blobs/a: map.gonuclear is 0.4, and 0.5 in" in err
    assert cli.store().scores_path.read_bytes() == before
    assert cli("merge", "two", "--replace")[0] == 0
    assert cli.store().scores_path.read_bytes() != before


def test_folders_of_one_merge_must_agree_with_each_other(cli: Cli) -> None:
    cli.fake_records(results="one")
    cli.fake_records(0.4, results="two")
    code, _, err = cli("merge", "one", "two")
    assert code == 2
    assert "two/toy/v1/smoke: otsu on blobs/a: map.gonuclear is 0.4, and 0.5 in one/toy/v1/smoke; accepted" in err
    assert not cli.store().scores_path.exists()


def test_facts_are_computed_not_merged(cli: Cli) -> None:
    from tests.cli.project import DATA_TABLE

    (cli.folder / "suites" / "facts.toml").write_text(DATA_TABLE)
    assert cli("run", "facts", "--results", "node")[0] == 0
    code, _, err = cli("merge", "node")
    assert code == 0
    assert "facts of data tables are not merged" in err
    assert not (cli.folder / "runs").exists()


@pytest.mark.parametrize("folder", ["absent", "suites"])
def test_a_folder_without_records(cli: Cli, folder: str) -> None:
    code, _, err = cli("merge", folder)
    assert code == 2
    assert err.startswith(f"harness: error: {folder}: holds no records")
