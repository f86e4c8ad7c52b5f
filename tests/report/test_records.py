from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.project import Project
from harness.report.records import COLUMNS, record_key, stored_lines, write_records
from harness.standing import Standing
from harness.store import Store
from tests.cli.project import Cli
from tests.helpers import temp_project
from tests.records import cell_of, make_record, make_timing, standing_of
from tests.records import write_records as write_results


def read_index(path: Path) -> dict[str, Any]:
    text = path.read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text.removeprefix("report.list(").rstrip().removesuffix(");"))
    return found


def read_shard(path: Path) -> list[Any]:
    text = path.read_text(encoding="utf-8")
    found: list[Any] = json.loads(text[text.index("[") :].rstrip().removesuffix(");"))
    return found


def test_every_record_is_listed_and_lies_where_the_list_says(cli: Cli) -> None:
    cli.fake_records()
    project = Project.find(cli.folder)
    standing = project.results(Path("runs"), project.suite("toy"), "smoke")
    lines = stored_lines(standing)
    assert list(lines) == cli.store().scores_path.read_bytes().splitlines()
    assert write_records(standing, lines, Path("site"), "records") == 4
    index = read_index(Path("site/records/index.js"))
    assert index["columns"] == ["map.gonuclear" if name == "score" else name for name in COLUMNS]
    for line, record in zip(index["lines"], standing.stored, strict=True):
        number, at = line[-1]
        found = read_shard(Path(f"site/records/rows/{number}.js"))[at]
        assert found["record"] == json.loads(record.to_line())
        assert found["timing"] is None
        assert line[-2] == record_key(record)
    assert any("harness run toy --tier smoke --row 'truth' {where}" in line for line in index["again"])
    assert index["environments"] == {"f00d": {"python": "3.11 <b>"}}


def test_a_timing_is_shown_as_it_lies_in_its_file_and_with_a_checksum(tmp_path: Path) -> None:
    suite = temp_project(tmp_path).suite()
    records = [make_record(sample=sample, suite=suite.id, version=suite.version) for sample in "ab"]
    timings = [replace(make_timing(record.row, record.sample), cell=record.cell) for record in records]
    write_results(tmp_path / "runs", records, timings)
    store = Store(tmp_path / "runs", suite.id, suite.version, "smoke")
    (path,) = store.timing_paths()
    whole, older = path.read_text().splitlines()
    older = older[: older.index(',"checksum"')] + "}"
    path.write_text(f"{whole}\n{older}\n")
    cells = [cell_of(record) for record in records]
    standing = Standing.join(suite, "smoke", cells, store.records(), store.timings(), store=store)
    write_records(standing, stored_lines(standing), tmp_path / "site", "records")
    shown = [one["timing"] for one in read_shard(tmp_path / "site" / "records" / "rows" / "0.js")]
    assert shown == [json.loads(whole), json.loads(timings[1].to_line())]


def test_what_counts_no_more_is_struck_out_with_the_reason(cli: Cli) -> None:
    cli.fake_records()
    (cli.folder / "advisories.toml").write_text(
        'schema = 1\n[[advisories]]\nid = "A-1"\nmetric = "arand.elf"\nreason = "half of it"\naction = "rescore it"\n'
    )
    path = cli.store().scores_path
    first, *others = path.read_text().splitlines()
    path.write_text("\n".join([first.replace('"seed":', '"seed":1'), *others]) + "\n")
    project = Project.find(cli.folder)
    standing = project.results(Path("runs"), project.suite("toy"), "smoke")
    write_records(standing, stored_lines(standing), Path("site"), "records")
    index = read_index(Path("site/records/index.js"))
    altered, *others = [record_key(record) for record in standing.stored]
    assert index["lines"][0][COLUMNS.index("status")] == "altered"
    assert set(index["struck"]) == {altered, *others}
    assert all(index["struck"][key] == {"arand.elf": "advisory A-1: half of it; rescore it"} for key in others), (
        "by metric"
    )
    assert all(why.startswith("its line was changed") for why in index["struck"][altered].values())
    assert set(index["struck"][altered]) == set(standing.stored[0].metrics)


def hundred_thousand(tmp_path: Path) -> Standing:
    suite = temp_project(tmp_path).suite()
    records = [
        make_record(f"row-{row}", f"sample-{sample}", suite=suite.id, metrics={"map.toy": 0.5, "arand.toy": 0.5})
        for row in range(50)
        for sample in range(2000)
    ]
    timings = [replace(make_timing(record.row, record.sample), cell=record.cell) for record in records]
    return standing_of(suite, "smoke", records, timings)


@pytest.mark.slow
def test_a_hundred_thousand_records_become_pages(tmp_path: Path) -> None:
    standing = hundred_thousand(tmp_path)
    lines = tuple(record.to_line().encode() for record in standing.stored)
    assert write_records(standing, lines, tmp_path / "site", "records") == 100_000
    assert len(list((tmp_path / "site" / "records" / "rows").iterdir())) == 50
