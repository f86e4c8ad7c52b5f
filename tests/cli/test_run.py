"""Real runs of a small suite through the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.cli.run import log_cells
from harness.registry import Registry
from harness.runner.summary import FailedCell, MissingCell, SuiteSummary
from tests.cli.project import DATA_TABLE, SUITE, Cli


def _counts(out: str) -> dict[str, int]:
    """Return the counts of `run --json`, which prints nothing else."""
    (line,) = out.splitlines()
    counts: dict[str, int] = json.loads(line)
    counts.pop("published", None)
    return counts


def test_a_run_prints_the_table_and_a_second_one_computes_nothing(cli: Cli) -> None:
    code, out, err = cli("run", "toy")
    assert code == 0, err
    assert out.startswith("# Toy \\| suite (table 0)")
    assert "4 cells, 4 computed, 0 cached, 0 failed, 0 missing" in err
    folder = cli.store().folder
    assert {path.name for path in folder.glob("table.*")} == {"table.md", "table.csv", "table.tex"}
    assert (folder / "table.md").read_text() in out
    record = json.loads((folder / "scores.jsonl").read_text().splitlines()[0])
    assert {"cell", "row", "sample", "fold", "seed", "status", "metrics"} <= set(record)
    code, out, _ = cli("run", "toy", "--json")
    assert (code, _counts(out)["computed"], _counts(out)["cached"]) == (0, 0, 4)


def test_a_dry_run_writes_nothing(cli: Cli) -> None:
    code, out, err = cli("run", "toy", "--dry-run", "--json")
    assert code == 0
    assert _counts(out) == {"cells": 4, "computed": 0, "cached": 0, "failed": 0, "missing": 0}
    assert "dry run: 4 of 4 cells would be computed, 0 are done" in err
    assert not (cli.folder / "runs").exists()


def test_failed_and_missing_cells_are_said_first_and_exit_with_3(cli: Cli, own_stages: Registry) -> None:
    plugin = cli.folder / "plugin.py"
    plugin.write_text(
        "from harness import Stage\n"
        "class Broken(Stage):\n"
        "    id = 'broken-in-test'\n"
        "    title = 'Raises'\n"
        "    def run(self, inputs, context):\n"
        "        raise ValueError('no | objects')\n"
    )
    row = '[[rows]]\nid = "broken"\nstages = [{ id = "broken-in-test" }]\n'
    (cli.folder / "suites" / "toy.toml").write_text(SUITE.replace("[[claims]]", f"{row}[[claims]]"))
    code, out, err = cli("run", "toy", "--tier", "mini", "--plugin", plugin, "--results", "new", "--json")
    assert code == 3
    assert _counts(out) == {"cells": 3, "computed": 2, "cached": 0, "failed": 1, "missing": 0}
    assert "FAILED  toy mini: broken on blobs/a: exception: no | objects" in err
    lines = cli("table", "toy", "--tier", "mini", "--plugin", plugin, "--results", "new")[1].splitlines()
    assert lines[3] == "- 3 cells: 1 FAILED, 2 ok"
    assert lines.index("Failures:") < next(n for n, line in enumerate(lines) if line.startswith("| row |"))


def _logged(capsys: pytest.CaptureFixture[str], failures: int, reasons: list[str]) -> list[str]:
    """Return what is said of a suite with as many failures, and a missing cell for each reason."""
    failed = tuple(FailedCell(f"f{n}", "exception", "broken") for n in range(failures))
    missing = tuple(MissingCell(f"m{n}", reason) for n, reason in enumerate(reasons))
    cells = len(failed) + len(missing)
    log_cells(SuiteSummary("toy", 1, "smoke", Path(), cells, 0, 0, failed, missing))
    return capsys.readouterr().err.splitlines()


def test_a_reason_is_said_once_for_all_the_cells_that_it_keeps_away(capsys: pytest.CaptureFixture[str]) -> None:
    assert _logged(capsys, 2, ["no net"] * 4 + ["no folder"] + ["private"] * 2) == [
        "FAILED  f0: exception: broken",
        "FAILED  f1: exception: broken",
        "MISSING 4 cells: no net (m0, m1, m2, …)",
        "MISSING m4: no folder",
        "MISSING 2 cells: private (m5, m6)",
    ]


def test_what_is_not_shown_is_counted_in_cells(capsys: pytest.CaptureFixture[str]) -> None:
    *shown, last = _logged(capsys, 19, ["no net"] * 4 + ["private"] * 3)
    assert len(shown) == 20
    assert shown[-1] == "MISSING 4 cells: no net (m0, m1, m2, …)"
    assert last == "… and 3 more; `harness table toy --tier smoke` lists failures"


def test_the_facts_of_a_data_table_are_computed_once_and_kept(cli: Cli) -> None:
    (cli.folder / "suites" / "facts.toml").write_text(DATA_TABLE)
    code, out, err = cli("run", "facts", "--json")
    assert code == 0, err
    assert _counts(out) == {"cells": 1, "computed": 1, "cached": 0, "failed": 0, "missing": 0}
    folder = cli.folder / "runs" / "facts" / "v1" / "smoke"
    assert {path.name for path in folder.iterdir()} == {
        "facts.jsonl",
        "table.md",
        "table.csv",
        "table.tex",
        ".lock",
    }
    code, again, _ = cli("run", "facts", "--json")
    assert (code, _counts(again)["computed"], _counts(again)["cached"]) == (0, 0, 1)
    assert cli("table", "facts")[1] == (folder / "table.md").read_text()
    line = (folder / "facts.jsonl").read_text()
    (cli.folder / "new" / "facts" / "v1" / "smoke").mkdir(parents=True)
    changed = line.replace('"shape":[48,48]', '"shape":[48,49]')
    assert changed != line
    (cli.folder / "new" / "facts" / "v1" / "smoke" / "facts.jsonl").write_text(changed)
    code, out, _ = cli("gate", "facts", "--baseline", "runs", "--results", "new")
    assert code == 1
    assert "| worse | blobs on blobs/a | shape 48, 48 -\\> 48, 49; the stored facts were altered |" in out
