"""Records, timings and a suite become a table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.model import Cell, Scope
from harness.standing import Standing
from harness.store import CellError, Record, Timing
from harness.suite import Suite
from harness.tables import Table, build_table
from tests.helpers import SUITE, FakeCatalogue, FakeDataset, FakeSample, temp_project, toy_metrics
from tests.records import make_record, make_timing, record_of

METRICS = {name: toy_metrics().get(name) for name in ("map.toy", "arand.toy")}


@pytest.fixture
def suite_and_cells(tmp_path: Path) -> tuple[Suite, tuple[Cell, ...]]:
    project = temp_project(tmp_path)
    return project.suite(), project.cells(tier="paper")


def _record(of: Cell, score: float = 0.5, **changed: Any) -> Record:
    fields = {"metrics": {"map.toy": score, "arand.toy": 1 - score}, "cell": of.key, **changed}
    row, dataset, sample, fold, repeat = of.id
    return make_record(row, sample, dataset=dataset, fold=fold, repeat=repeat, suite=of.suite, tier=of.tier, **fields)


def _table(
    suite: Suite, cells: tuple[Cell, ...], records: list[Record], *, timings: Sequence[Timing] = (), machine: str = ""
) -> Table:
    keys = {cell.id: cell.key for cell in cells}
    timings = [replace(timing, cell=keys[timing.id]) for timing in timings]
    return build_table(Standing.join(suite, cells[0].tier, cells, records, timings, metrics=METRICS), machine=machine)


def test_rows_in_the_order_of_the_suite_with_both_spreads(suite_and_cells: tuple[Suite, tuple[Cell, ...]]) -> None:
    suite, cells = suite_and_cells
    records = [_record(cell, 0.1 * n) for n, cell in enumerate(cells)]
    table = _table(suite, cells, list(reversed(records)))
    assert [(row.id, row.label, row.cells, row.ok) for row in table.rows] == [
        ("otsu", "otsu", 5, 5),
        ("net", "Network", 5, 5),
    ]
    summary = table.rows[0].scores["map.toy"].summary
    assert summary.mean == pytest.approx(0.2)
    assert summary.sd_sample == pytest.approx(math.sqrt(0.025))
    assert summary.n == 5
    assert (table.over, table.ddof, table.cells) == ("folds", 1, 10)


def test_what_of_the_images_is_compared_is_said(suite_and_cells: tuple[Suite, tuple[Cell, ...]]) -> None:
    suite, cells = suite_and_cells
    assert not any("compared on" in note for note in _table(suite, cells, []).notes)
    dropping = tuple(
        replace(cell, scores=tuple(replace(pair, scope=Scope(255, "drop", 2)) for pair in cell.scores))
        for cell in cells
    )
    ignored = "voxels of the truth's label 255 are ignored"
    dropped = "objects within 2 px of the border are dropped"
    assert f"compared on volumes: {ignored}; {dropped}" in _table(suite, dropping, []).notes


def test_the_rule_for_undefined_images_is_said_of_metrics_that_have_some(
    suite_and_cells: tuple[Suite, tuple[Cell, ...]],
) -> None:
    suite, cells = suite_and_cells
    said = "a mean is undefined where one image is: map.toy"
    assert said in _table(suite, cells, [_record(cells[0], math.nan, metrics={"map.toy": math.nan})]).notes
    assert said not in _table(suite, cells, [_record(cells[0])]).notes


def test_columns_take_the_unit_of_published_values(suite_and_cells: tuple[Suite, tuple[Cell, ...]]) -> None:
    table = _table(*suite_and_cells, [])
    assert [(column.unit, column.direction) for column in table.columns] == [
        ("percent", "higher"),
        ("percent", "lower"),
    ]
    assert table.rows[1].scores["map.toy"].published is not None


def test_failures_missing_and_out_of_date_cells(suite_and_cells: tuple[Suite, tuple[Cell, ...]]) -> None:
    suite, cells = suite_and_cells
    error = CellError("ValueError", "broke", "cut")
    records = [
        _record(cells[0]),
        _record(cells[1], status="timeout", metrics={}, error=error),
        _record(cells[2], cell="of older code"),
        make_record("gone", suite=suite.id, tier="paper"),
    ]
    table = _table(suite, cells, records)
    otsu = table.rows[0]
    assert (otsu.ok, otsu.failed, otsu.missing, table.stale) == (1, 1, 3, 1)
    assert [(f.row, f.where, f.status, f.message) for f in table.failures] == [
        ("otsu", "volumes/N2 fold 2", "timeout", "cut: broke")
    ]
    assert table.notes == ("1 records of cells that the suite no longer has are left out",)


def test_verdicts_are_taken_on_the_paper_tier_only(tmp_path: Path) -> None:
    project = temp_project(tmp_path)
    for tier, expected in (("paper", "reproduced"), ("smoke", "")):
        cells = project.cells(tier=tier)  # type: ignore[arg-type]
        table = _table(project.suite(), cells, [_record(cell, 0.785) for cell in cells])
        assert table.rows[1].scores["map.toy"].verdict == expected


def test_costs_come_from_one_machine(tmp_path: Path) -> None:
    project = temp_project(tmp_path)
    cells = project.cells(tier="smoke")
    records = [_record(cell) for cell in cells]
    timings = [
        make_timing("otsu", "a", dataset="flat", steady_s=[1.0, 2.0, 3.0], machine="slow"),
        make_timing("otsu", "a", dataset="flat", first_s=0.5, machine="fast"),
        make_timing("net", "a", dataset="flat", first_s=0.25, fit_s=60.0, machine="fast", peak_bytes=7),
    ]
    table = _table(project.suite(), cells, records, timings=timings)
    assert table.machine == "fast"
    assert [(row.cost.run_s, row.cost.fit_s, row.cost.peak_bytes) for row in table.rows] == [
        (0.5, None, 250_000_000),
        (0.25, 60.0, 7),
    ]
    assert table.notes == ("times of other machines exist and are not shown: slow",)
    assert _table(project.suite(), cells, records, timings=timings, machine="slow").rows[0].cost.run_s == 2.0


@pytest.mark.parametrize(
    ("device", "measured", "expected"),
    [
        ("cpu", {"fit_cpu_s": 90.0, "fit_busy_s": 50.0}, 0.75),
        ("cuda", {"fit_cpu_s": 90.0, "fit_busy_s": 50.0}, 50 / 60),
        ("cuda", {"fit_cpu_s": 90.0}, None),
        ("cpu", {}, None),
    ],
)
def test_how_busy_training_kept_the_device(
    tmp_path: Path, device: str, measured: dict[str, float], expected: float | None
) -> None:
    project = temp_project(tmp_path)
    cells = project.cells(tier="smoke")
    timings = [make_timing("net", "a", dataset="flat", fit_s=60.0, device=device, threads=2, **measured)]
    table = _table(project.suite(), cells, [_record(cell) for cell in cells], timings=timings)
    assert [row.cost.fit_busy for row in table.rows] == [None, expected]


def test_rows_that_are_one_computation_on_a_tier_are_named(tmp_path: Path) -> None:
    row = '\n[[rows]]\nid = "long"\nlabel = "Longer"\nstages = [{ id = "learn" }]\n'
    more = row + "[tiers.smoke.stages.learn]\nsteps = 2\n"
    project = temp_project(tmp_path)
    suite = project.suite(SUITE + more)
    table = _table(suite, project.cells(SUITE + more, "smoke"), [])
    assert table.notes == ("one and the same computation on this tier: Network; Longer",)
    assert _table(suite, project.cells(SUITE + more, "paper"), []).notes == ()


def test_undefined_scores_are_left_out_and_noted(suite_and_cells: tuple[Suite, tuple[Cell, ...]]) -> None:
    suite, cells = suite_and_cells
    records = [_record(cell, math.nan if n == 1 else 0.5) for n, cell in enumerate(cells)]
    table = _table(suite, cells, records)
    summary = table.rows[0].scores["map.toy"].summary
    assert (summary.mean, summary.n, summary.undefined) == (0.5, 4, 1)
    assert any(note.startswith("undefined scores are left out of means") for note in table.notes)
    assert _table(suite, cells, [_record(cell) for cell in cells]).notes == ()


TWO = SUITE.replace(
    'samples = ["a"], train = ["b"] }]', 'samples = ["a"], train = ["b"] }, { dataset = "crops", samples = ["left"] }]'
)


@pytest.mark.parametrize(
    ("pooled", "labels"),
    [("", ["otsu, flat", "otsu, crops"]), ("pooled = true\n", ["otsu, flat", "otsu, crops", "otsu"])],
)
def test_each_of_several_data_sets_has_a_line_and_a_pooled_one_only_where_asked_for(
    tmp_path: Path, pooled: str, labels: list[str]
) -> None:
    project = temp_project(tmp_path)
    text = TWO.replace("[tiers.smoke]", f"{pooled}[tiers.smoke]").partition('[[rows]]\nid = "net"')[0]
    cells = project.cells(text)
    records = [record_of(cell, {"map.toy": 0.2 if cell.sample == "a" else 0.8, "arand.toy": 0.0}) for cell in cells]
    table = build_table(project.standing(records, text=text))
    assert [row.label for row in table.rows] == labels
    assert [row.scores["map.toy"].summary.mean for row in table.rows] == [0.2, 0.8, 0.5][: len(labels)]
    assert (table.cells, table.ok) == (2, 2)


def test_seconds_that_a_figure_draws_are_those_of_the_data_set_of_the_line(tmp_path: Path) -> None:
    project = temp_project(tmp_path)
    figure = '[[figures]]\nid = "f"\nx = "n"\ny = { seconds = true }\n'
    text = TWO.partition('[[rows]]\nid = "net"')[0].replace('id = "otsu"', 'id = "otsu"\naxes = { n = 4 }') + figure
    cells = project.cells(text)
    seconds = {cell.id: 1.0 if cell.data.dataset == "flat" else 3.0 for cell in cells}
    timings = [
        replace(make_timing(sample=cell.sample, dataset=cell.data.dataset, first_s=seconds[cell.id]), cell=cell.key)
        for cell in cells
    ]
    records = [record_of(cell, {"map.toy": 0.5, "arand.toy": 0.1}) for cell in cells]
    table = build_table(project.standing(records, timings, text=text))
    assert {row.dataset: row.durations[""].summary.mean for row in table.rows} == {"flat": 1.0, "crops": 3.0}
    failed = [replace(record, status="timeout" if record.dataset == "crops" else "ok") for record in records]
    table = build_table(project.standing(failed, timings, text=text))
    assert {row.dataset: row.durations[""].bounded for row in table.rows} == {"flat": 0, "crops": 1}


def test_a_row_of_one_data_set_is_ranked_with_the_lines_of_others_on_it(tmp_path: Path) -> None:
    project = temp_project(tmp_path)
    row = '[[rows]]\nid = "{}"\nstages = [{{ id = "blur" }}, {{ id = "cut", level = {} }}]\n'
    text = TWO.partition('[[rows]]\nid = "net"')[0] + row.format("best", 0.9) + row.format("flat-only", 0.8)
    cells = [cell for cell in project.cells(text) if cell.row != "flat-only" or cell.data.dataset == "flat"]
    values = {"otsu": 0.2, "best": 0.4, "flat-only": 0.3}
    records = [record_of(cell, {"map.toy": values[cell.row], "arand.toy": 0.0}) for cell in cells]
    table = build_table(Standing.join(project.suite(text), "smoke", cells, records, metrics=METRICS))
    places = {(row.id, row.dataset): row.scores["map.toy"].place for row in table.rows}
    ranks = {line: place.rank for line, place in places.items() if place is not None}
    assert (ranks["best", "flat"], ranks["flat-only", ""], ranks["otsu", "flat"]) == (1, 2, 3)
    assert (ranks["best", "crops"], ranks["otsu", "crops"]) == (1, 2)
    assert {winner.dataset for winner in table.winners} == {"flat", "crops"}


def test_an_altered_record_is_struck_out_and_named(tmp_path: Path) -> None:
    project = temp_project(tmp_path)
    first, second = (record_of(cell, {"map.toy": 0.5, "arand.toy": 0.1}) for cell in project.cells())
    altered = replace(first, checksum="of other content")
    table = build_table(project.standing([altered, second]))
    assert [(failure.row, failure.status) for failure in table.failures] == [("otsu", "altered")]
    assert (table.ok, table.failed) == (1, 1)
    assert math.isnan(table.rows[0].scores["map.toy"].summary.mean)


TWO_DATA_SETS = """
schema = 1
id = "demo"
version = 1
title = "Two data sets, one of which has an outline"
metrics = ["map.toy"]
spread_over = "repeats"
pooled = true
tiers.smoke.data = [{ dataset = "flat" }, { dataset = "other" }]
tiers.smoke.truth = "gold"
[scores.fg]
truth = "outline"
metrics = ["arand.toy"]
[[rows]]
id = "otsu"
stages = [{ id = "blur" }, { id = "cut" }]
"""


def test_a_pair_that_one_data_set_does_not_have_is_averaged_over_the_others(tmp_path: Path) -> None:
    samples = {"a": FakeSample()}
    flat = FakeDataset("flat", samples, label_names=("gold", "outline"))
    project = replace(temp_project(tmp_path), catalogue=FakeCatalogue([flat, FakeDataset("other", samples)]))
    cells = project.cells(TWO_DATA_SETS)
    assert [cell.metrics for cell in cells] == [("map.toy", "fg:arand.toy"), ("map.toy",)]
    records = [record_of(cell, dict.fromkeys(cell.metrics, 0.25)) for cell in cells]
    metrics = {name: toy_metrics(name.rpartition(":")[2]).get(name.rpartition(":")[2]) for name in cells[0].metrics}
    table = build_table(Standing.join(project.suite(TWO_DATA_SETS), "smoke", cells, records, metrics=metrics))
    found = {row.dataset: row.scores["fg:arand.toy"].summary for row in table.rows}
    assert {dataset: (one.n, one.undefined) for dataset, one in found.items()} == {
        "flat": (1, 0),
        "other": (0, 0),
        "": (1, 0),
    }
    assert found[""].mean == 0.25
    assert not any("undefined" in note for note in table.notes)
