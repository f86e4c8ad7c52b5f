"""Tables from records in every format, and the strict exit codes."""

from __future__ import annotations

import csv
import io
import json

import pytest

from tests.cli.project import Cli


def test_markdown_says_the_state_first(cli: Cli) -> None:
    cli.fake_records()
    code, out, err = cli("table", "toy")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "# Toy \\| suite (table 0)"
    assert lines[2] == "- suite toy v1, tier smoke; data: blobs"
    assert lines[3] == "- 4 cells: 4 ok"
    assert any("no reproduction and gets no verdict" in line for line in lines)
    assert "| Otsu | 50.00 ± 0.00 | 78.33 ± 1.73 | 50.00 ± 0.00 | 7.0 ± 0.0 | 2 | 2 |" in lines
    assert "| **open** | the truth beats Otsu | section 1 |" in out


def test_formats(cli: Cli) -> None:
    cli.fake_records()
    rows = list(csv.DictReader(io.StringIO(cli("table", "toy", "--format", "csv")[1])))
    assert [(row["row"], row["metric"]) for row in rows][3:5] == [("otsu", "map.gonuclear"), ("otsu", "arand.elf")]
    assert cli("table", "toy", "--format", "tex")[1].startswith("\\begin{table}")
    value = json.loads(cli("table", "toy", "--format", "json")[1])
    assert value["rows"][1]["scores"]["map.gonuclear"]["mean"] == 0.5
    assert cli.json("table", "toy", "--json") == value


def test_intervals_on_request(cli: Cli) -> None:
    cli.fake_records()
    out = cli("table", "toy", "--interval")[1]
    assert "50.00 ± 0.00 [open]" in out.replace("\\", "")
    assert "95 % interval of the mean" in out
    assert "interval_low" in cli("table", "toy", "--interval", "--format", "csv")[1]


def test_nothing_recorded_is_a_table_of_missing_cells(cli: Cli) -> None:
    code, out, _ = cli("table", "toy", "--tier", "mini")
    assert code == 0
    assert "- suite toy v1, tier mini; data: one sample" in out
    assert "- 2 cells: 2 MISSING, 0 ok" in out


def test_out_of_date_records_are_not_shown(cli: Cli) -> None:
    cli.fake_records()
    cli.rewrite(lambda line: {**line, "cell": "old"} if line["row"] == "otsu" else line)
    value = cli.json("table", "toy", "--json")
    assert (value["missing"], value["stale"], value["ok"]) == (2, 2, 2)
    assert value["rows"][1]["scores"]["map.gonuclear"]["mean"] is None


@pytest.mark.parametrize(("score", "results", "code"), [(0.5, "runs", 0), (1.0, "runs", 1), (0.5, "other", 3)])
def test_strict_exit_codes(cli: Cli, score: float, results: str, code: int) -> None:
    cli.decide_claims()
    cli.fake_records(score)
    assert cli("table", "toy", "--strict", "--results", results)[0] == code


def test_output_file(cli: Cli) -> None:
    cli.fake_records()
    code, out, err = cli("table", "toy", "--output", "x/table.md")
    assert (code, out, err) == (0, "", "wrote x/table.md\n")
    assert (cli.folder / "x" / "table.md").read_text().startswith("# Toy")


def test_the_paper_tier_is_not_invented(cli: Cli) -> None:
    code, _, err = cli("table", "toy", "--tier", "paper")
    assert (code, err) == (2, "harness: error: suite 'toy' has no tier 'paper'; it has: smoke, mini\n")
