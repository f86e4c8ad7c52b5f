"""Object tables of recorded cells, from the command line."""

from __future__ import annotations

import csv

import pytest

from tests.cli.project import Cli


def test_a_suite_is_written_and_summarised(cli: Cli) -> None:
    cli("run", "toy")
    code, out, err = cli("objects", "toy", "--to", "out/objects.csv")
    assert (code, err) == (0, "wrote out/objects.csv\n")
    header, *lines = (line.split("  ") for line in out.splitlines())
    assert [title.strip() for title in header if title][:2] == ["row", "correct"]
    assert [line[0].split()[0] for line in lines] == ["truth", "otsu"]
    written = list(csv.DictReader((cli.folder / "out" / "objects.csv").open()))
    truth_row = [line for line in written if line["row"] == "truth"]
    assert {line["class"] for line in truth_row} == {"correct"}
    assert {line["sample"] for line in written} == {"a", "b"}


def test_filters_and_json(cli: Cli) -> None:
    cli("run", "toy")
    found = cli.json("objects", "toy", "--to", "o.csv", "--row", "otsu", "--json")
    assert (found["cells"], found["missing"]) == (2, 0)
    assert found["objects"] == len((cli.folder / "o.csv").read_text().splitlines()) - 1


def test_recall_by_size_and_crowding(cli: Cli) -> None:
    cli("run", "toy")
    for column in ("voxels", "nearest_um"):
        code, out, _ = cli("objects", "toy", "--to", "o.csv", "--by", column)
        header, *lines = out.splitlines()
        assert (code, len(lines)) == (0, 8)
        assert header.startswith(f"row    {column} from  to")
        assert all(line.split()[0] == "truth" and line.split()[4] == "1" for line in lines[:4])
    code, _, err = cli("objects", "toy", "--to", "o.csv", "--by", "size")
    assert (code, "strata by 'size': no such column of numbers" in err) == (2, True)


def test_what_is_missing_is_said(cli: Cli) -> None:
    code, _, err = cli("objects", "toy", "--to", "o.csv")
    assert (code, "no cell with scores whose prediction is here" in err) == (3, True)
    cli("run", "toy")
    cli("cache", "--clear", "predictions")
    cli("run", "toy", "--row", "otsu", "--again")
    code, out, err = cli("objects", "toy", "--to", "o.csv")
    assert code == 3
    assert err.count("its prediction was removed on") == 2
    assert out.splitlines()[1].startswith("otsu")


@pytest.mark.parametrize(("file", "message"), [("o.txt", "found the suffix '.txt'"), ("o", "found the suffix ''")])
def test_other_formats_are_refused_before_anything_is_read(cli: Cli, file: str, message: str) -> None:
    code, out, err = cli("objects", "toy", "--to", file)
    assert (code, out) == (2, "")
    assert message in err
