"""Records of several folders: taken, kept, or refused where they disagree."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import StoreError
from harness.store import CellError, Record, Store, plan_merge
from tests.records import make_record, make_timing, write_records


def _store(folder: Path, *records: Record) -> Store:
    write_records(folder, records, [make_timing(record.row, record.sample) for record in records])
    return Store(folder, "toy", 1, "smoke")


def _scored(sample: str, value: float = 0.5) -> Record:
    return make_record(sample=sample, metrics={"map": value, "undefined": math.nan})


def test_records_timings_and_environments_are_taken(tmp_path: Path) -> None:
    source = _store(tmp_path / "node", _scored("a"), _scored("b"))
    target = Store(tmp_path / "all", "toy", 1, "smoke")
    merge = plan_merge(source, target)
    assert (len(merge.wanted), merge.kept) == (2, 0)
    order = [record.id for record in reversed(source.records())]
    merge.apply(order)
    assert [record.id for record in target.records()] == order
    assert {record.to_line() for record in target.records()} == {record.to_line() for record in source.records()}
    assert {timing.to_line() for timing in target.timings()} == {timing.to_line() for timing in source.timings()}
    assert target.environments() == source.environments()
    again = plan_merge(source, target)
    assert (again.wanted, again.kept) == ((), 2)


def test_two_folders_make_one(tmp_path: Path) -> None:
    target = _store(tmp_path / "all", _scored("a"))
    plan_merge(_store(tmp_path / "node", _scored("b")), target).apply()
    assert [record.sample for record in target.records()] == ["a", "b"]
    assert len(target.timings()) == 2


def test_scores_replace_a_failure_and_no_failure_replaces_scores(tmp_path: Path) -> None:
    failed = make_record(sample="a", status="timeout", error=CellError("timeout", "too slow"))
    target = _store(tmp_path / "all", failed)
    plan_merge(_store(tmp_path / "node", _scored("a")), target).apply()
    assert target.records()[0].status == "ok"
    later = plan_merge(_store(tmp_path / "late", failed), target)
    assert (later.wanted, later.kept) == ((), 1)


def test_disagreement_is_an_error_that_names_cell_metric_and_both_values(tmp_path: Path) -> None:
    target = _store(tmp_path / "all", _scored("a"), _scored("b"))
    source = _store(tmp_path / "node", _scored("a", 0.4), _scored("b", 0.6))
    with pytest.raises(StoreError) as caught:
        plan_merge(source, target)
    lines = str(caught.value).splitlines()
    assert len(lines) == 2
    assert lines[0] == (
        f"{source.folder}: otsu on blobs/a: map is 0.4, and 0.5 in {target.folder}; accepted: --replace"
    )
    plan_merge(source, target, replace=True).apply()
    assert [record.metrics["map"] for record in target.records()] == [0.4, 0.6]


def test_what_an_earlier_merge_brings_counts_as_there(tmp_path: Path) -> None:
    target = Store(tmp_path / "all", "toy", 1, "smoke")
    first = plan_merge(_store(tmp_path / "first", _scored("a")), target)
    failed = make_record(sample="a", status="timeout", error=CellError("timeout", "too slow"))
    second = plan_merge(_store(tmp_path / "second", failed, _scored("b")), target, before=[first])
    assert ([record.sample for record in second.wanted], second.kept) == (["b"], 1)
    with pytest.raises(StoreError, match=f"map is 0.4, and 0.5 in {first.source.folder}; accepted: --replace"):
        plan_merge(_store(tmp_path / "third", _scored("a", 0.4)), target, before=[first, second])
    elsewhere = Store(tmp_path / "elsewhere", "toy", 1, "smoke")
    assert len(plan_merge(second.source, elsewhere, before=[first]).wanted) == 2


def test_a_cell_of_another_chain_is_no_update(tmp_path: Path) -> None:
    target = _store(tmp_path / "all", _scored("a"))
    other = replace(_scored("a"), cell="of another chain")
    write_records(tmp_path / "node", [other])
    with pytest.raises(StoreError, match="its chain, data or version differ"):
        plan_merge(Store(tmp_path / "node", "toy", 1, "smoke"), target)
