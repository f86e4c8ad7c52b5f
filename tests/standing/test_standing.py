"""Cells beside records: what is current, stale, foreign and pending."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import ConfigError
from harness.model import Cell, CellId, Origin
from harness.registry import metrics
from harness.standing import Standing
from harness.store import Record, StageRecord
from harness.suite import Selection
from tests.helpers import SUITE, FakeAvailability, Project, temp_project
from tests.records import make_timing, record_of


def test_each_record_is_current_stale_or_foreign(project: Project) -> None:
    cells = project.cells(tier="paper")
    scored, failed, stale, foreign = (
        record_of(cells[0]),
        record_of(cells[1], status="timeout"),
        replace(record_of(cells[2]), cell="another key"),
        replace(record_of(cells[3]), row="gone"),
    )
    standing = project.standing([foreign, stale, failed, scored], tier="paper")
    assert standing.records == (scored, failed), "in the order of the cells"
    assert (standing.stale, standing.foreign) == ((stale,), (foreign,))
    assert set(standing.pending()) == set(cells[1:])
    otsu = standing.of("otsu")
    assert (otsu.ok, otsu.failed, otsu.missing, len(otsu.cells)) == (1, 1, 3, 5)
    assert otsu.scored == (scored,)
    assert standing.of("nobody").cells == ()
    assert not standing.is_empty
    assert project.standing().is_empty


def test_what_a_row_lacks_is_said_by_kind(project: Project) -> None:
    cells = [cell for cell in project.cells(tier="paper") if cell.row == "otsu"]
    failed = [record_of(cells[0], status="timeout"), record_of(cells[1], status="exception")]
    altered = replace(record_of(cells[2]), checksum="of something else")
    standing = project.standing([*failed, altered, record_of(cells[3])], tier="paper")
    assert standing.of("otsu").gaps == "1 failed (exception), 1 failed (timeout), 1 altered, 1 not run"
    assert project.standing([record_of(cell) for cell in cells], tier="paper").of("otsu").gaps == ""
    assert standing.of("nobody").gaps == ""


def test_a_standing_of_just_what_was_recorded_lacks_nothing(project: Project) -> None:
    cells = project.cells(tier="paper")
    stale = replace(record_of(cells[1]), cell="another key")
    standing = project.standing([record_of(cells[0]), stale], tier="paper")
    assert [cell.id for cell in standing.recorded().cells] == [cells[0].id]
    either = standing.recorded(of_any_inputs=True)
    assert either.records == (record_of(cells[0]), stale)
    assert not either.stale
    assert not either.of("otsu").gaps


def test_timings_of_older_cells_are_not_those_of_current_ones(project: Project) -> None:
    cell = project.cells()[0]
    old = make_timing(cell.row, cell.sample, dataset=cell.data.dataset)
    new = replace(old, cell=cell.key)
    standing = project.standing([record_of(cell)], [old, new])
    assert standing.timings == (old, new)
    assert standing.timed == (new,)


def test_a_narrower_standing_keeps_what_does_not_belong_to_cells(project: Project) -> None:
    cells = project.cells()
    gone = replace(record_of(cells[0]), row="gone")
    standing = project.standing([*map(record_of, cells), gone]).only(Selection(rows=("net",)))
    assert {record.row for record in standing.records} == set(standing.rows) == {"net"}
    assert standing.foreign == (gone,)
    with pytest.raises(ConfigError, match="no row 'x'"):
        standing.only(Selection(rows=("x",)))


def test_records_of_data_that_is_not_here_are_out_of_reach(tmp_path: Path) -> None:
    project = temp_project(tmp_path)
    stale = [replace(record_of(cell), cell="of the data as it was") for cell in project.cells()]
    assert project.standing(stale).out_of_reach(project.catalogue) == []  # type: ignore[arg-type]
    flat = project.catalogue.dataset("flat")
    gone = type(project.catalogue)([replace(flat, found=FakeAvailability(False, "no folder"))])
    assert project.standing(stale).out_of_reach(gone) == ["flat"]  # type: ignore[arg-type]
    assert project.standing().out_of_reach(gone) == []  # type: ignore[arg-type]


@given(st.data())
def test_every_record_stands_somewhere_exactly_once(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    cells = _cells(tmp_path_factory)
    fates = data.draw(st.lists(st.sampled_from(["ok", "failed", "stale", "foreign", "none"]), min_size=4, max_size=4))
    records = [_record(cell, fate) for cell, fate in zip(cells, fates, strict=False) if fate != "none"]
    suite = _project(tmp_path_factory).suite()
    standing = Standing.join(suite, "paper", cells, records)
    assert sorted((*standing.records, *standing.stale, *standing.foreign), key=str) == sorted(records, key=str)
    assert len(standing.pending()) == len(cells) - fates.count("ok")
    assert all(standing.current[cell.id].cell == cell.key for cell in cells if cell.id in standing.current)


def _project(factory: pytest.TempPathFactory) -> Project:
    return temp_project(factory.getbasetemp() / "standing")


def _cells(factory: pytest.TempPathFactory) -> tuple[Cell, ...]:
    return _project(factory).cells(tier="paper")


def _record(cell: Cell, fate: str) -> Record:
    record = record_of(cell, status="ok" if fate != "failed" else "killed")
    if fate == "stale":
        return replace(record, cell="older")
    return replace(record, row=f"gone {cell.row}") if fate == "foreign" else record


def test_ids_of_cells_and_records_are_one(project: Project) -> None:
    cell = project.cells()[0]
    assert record_of(cell).id == cell.id == CellId("otsu", "flat", "a", "", 0)


def test_a_suite_says_how_images_become_one_value(project: Project) -> None:
    text = (
        SUITE.replace("schema = 1", 'schema = 1\naggregation = "pooled"')
        .replace("map.toy", "pq")
        .replace("arand.toy", "sq")
    )
    pooled = replace(project, metrics=metrics())
    (cell, *_) = pooled.cells(text)
    kept = [{"objects.truth": n, "objects.pred": n, "match.50": n, "match.50.iou": n * 0.5} for n in (1, 9)]
    kept[0]["match.50"] = kept[0]["match.50.iou"] = 0
    records = [replace(record_of(cell, {"pq": pq}), counts=counts) for pq, counts in zip((0.0, 0.5), kept, strict=True)]
    assert pooled.standing(text=text).combine(records, "pq") == 0.45
    assert pooled.standing(text=text.replace("pooled", "per-image")).combine(records, "pq") == 0.25


def test_records_say_whether_their_code_is_that_at_hand(project: Project) -> None:
    cell = project.cells()[0]
    at_hand = tuple(StageRecord(spec.id, spec.version, spec.parameters, origin=spec.origin) for spec in cell.chain)
    other = (replace(at_hand[0], origin=replace(cell.chain[0].origin, code="other")), *at_hand[1:])
    unknown = tuple(replace(stage, origin=None) for stage in at_hand)
    for stages, expected in ((at_hand, 0), (other, 1), (unknown, 0), (other[:1], 1), ((), 0)):
        assert len(project.standing([replace(record_of(cell), stages=stages)]).of_other_code) == expected


def test_metrics_of_other_code_are_named_where_it_is_known(project: Project) -> None:
    cell = project.cells()[0]
    record = replace(record_of(cell), origins={"map.toy": Origin("mine.py", "", "one")})
    standing = project.standing([record])
    for origins, expected in (({}, 0), ({"map.toy": Origin("mine.py", "", "one")}, 0)):
        assert len(replace(standing, origins=origins).of_other_code) == expected
    other = {"map.toy": Origin("mine.py", "", "two")}
    assert replace(standing, origins=other).of_other_code == (record,)
