"""Two rows against each other on the command line."""

from __future__ import annotations

import json

from tests.cli.project import Cli


def test_two_rows(cli: Cli) -> None:
    cli.decide_claims()
    cli.fake_records(0.5)
    code, out, _ = cli("compare", "toy", "otsu", "truth")
    assert code == 0
    lines = [line.split() for line in out.splitlines()]
    assert lines[0][:3] == ["metric", "otsu", "truth"]
    assert lines[1][:4] == ["map.gonuclear", "0.5", "1", "0.5"]
    assert lines[1][-3:] == ["truth", "paired", "t"]
    found = cli.json("compare", "toy", "otsu", "truth", "--json", "--metric", "arand.elf")
    (metric,) = found["metrics"]
    assert (metric["metric"], metric["n"], metric["over"], metric["better"]) == ("arand.elf", 3, "samples", "truth")
    assert metric["interval"] == {"mean": -0.5, "low": -0.5, "high": -0.5, "n": 3}


def test_two_samples_leave_it_open(cli: Cli) -> None:
    cli.fake_records(0.5)
    code, out, _ = cli("compare", "toy", "otsu", "truth")
    assert code == 0
    assert out.splitlines()[1].split()[-5:] == ["samples", "-", "-", "open", "-"]


def test_what_is_missing_is_said(cli: Cli) -> None:
    code, out, err = cli("compare", "toy", "otsu", "truth", "--json")
    assert code == 3
    assert "row 'otsu': 2 not run" in err
    assert json.loads(out)["gaps"] == {"otsu": "2 not run", "truth": "2 not run"}


def test_unknown_rows_and_metrics(cli: Cli) -> None:
    code, _, err = cli("compare", "toy", "otus", "truth")
    assert code == 2
    assert "no row 'otus'; did you mean 'otsu'" in err
    code, _, err = cli("compare", "toy", "otsu", "truth", "--metric", "map.gonuclaer")
    assert code == 2
    assert "did you mean 'map.gonuclear'" in err
