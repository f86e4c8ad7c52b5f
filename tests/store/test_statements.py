from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.errors import StoreError
from harness.store import Code, StatementRecord, Store, find_stores

RECORD = StatementRecord(
    key="k",
    suite="facts",
    version=1,
    tier="mini",
    row="N1",
    source={"dataset": "d", "sample": "1135", "weights": ("a", "b")},
    data={"d/1135": "hash"},
    facts={"count": 54, "spacing": (0.5, 1.0), "shape": (1, 2), "names": ("a",), "none": (), "role": "raw"},
    notes=("pinned",),
    code=Code("c0ffee", True),
)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path, "facts", 1, "mini")


def test_records_come_back_as_they_were(store: Store) -> None:
    with store.open_statements(["N1"]) as writer:
        writer.add(RECORD)
    (back,) = store.statements()
    assert back == RECORD
    for name, value in RECORD.facts.items():
        assert type(back.facts[name]) is type(value)
    assert store.records() == ()


def test_rows_stand_in_the_order_of_the_suite_and_replace_each_other(store: Store) -> None:
    with store.open_statements(["N1", "N2", "gone"]) as writer:
        for row in ("gone", "N2", "N1"):
            writer.add(replace(RECORD, row=row))
    with store.open_statements(["N1", "N2"]) as writer:
        writer.add(replace(RECORD, row="N1", key="new"))
    assert [(record.row, record.key) for record in store.statements()] == [("N1", "new"), ("N2", "k")]


def test_names_that_are_no_utf_8_are_kept(store: Store) -> None:
    rows = ["N1", "N2"]
    with store.open_statements(rows) as writer:
        for row in rows:
            writer.add(replace(RECORD, row=row, data={"d/Zelle_\udcfc": "hash"}))
    assert [dict(record.data) for record in store.statements()] == [{"d/Zelle_\udcfc": "hash"}] * 2
    assert not any(record.is_altered for record in store.statements())


def test_an_altered_line_is_known_and_stays_so(store: Store) -> None:
    with store.open_statements(["N1", "N2"]) as writer:
        writer.add(RECORD)
    assert not store.statements()[0].is_altered
    text = store.statements_path.read_text(encoding="utf-8")
    store.statements_path.write_text(text.replace('"count":54', '"count":55'), encoding="utf-8")
    assert store.statements()[0].is_altered
    with store.open_statements(["N1", "N2"]) as writer:
        writer.add(replace(RECORD, row="N2"))
    assert [record.is_altered for record in store.statements()] == [True, False]


def test_a_line_from_before_checksums_were_kept_is_not_altered(store: Store) -> None:
    with store.open_statements(["N1"]) as writer:
        writer.add(RECORD)
    text = store.statements_path.read_text(encoding="utf-8")
    store.statements_path.write_text(text.partition(',"checksum"')[0] + "}\n", encoding="utf-8")
    assert (store.statements()[0].checksum, store.statements()[0].is_altered) == ("", False)


def test_one_writer_at_a_time(store: Store) -> None:
    with store.open_statements(["N1"]), pytest.raises(StoreError, match="is writing this folder"):
        store.open_statements(["N1"])
    with store.open_statements(["N1"]), pytest.raises(StoreError, match="is writing this folder"):
        store.open()
    with store.open_statements(["N1"]):
        pass


@pytest.mark.parametrize("harm", ["removed", "an older copy", "folder", "lock"])
def test_nothing_is_lost_that_others_change_while_a_writer_has_the_folder(store: Store, harm: str) -> None:
    rows = [f"N{number}" for number in range(4)]
    with store.open_statements(rows) as writer:
        writer.add(replace(RECORD, row="N0"))
    older = store.statements_path.read_bytes()
    said: list[str] = []
    with store.open_statements(rows, said.append) as writer:
        for row in rows[1:]:
            writer.add(replace(RECORD, row=row))
            if harm == "removed":
                store.statements_path.unlink()
            elif harm == "an older copy":
                store.statements_path.write_bytes(older)
            elif harm == "folder":
                shutil.rmtree(store.folder)
            else:
                (store.folder / ".lock").unlink()
    assert [record.row for record in store.statements()] == rows
    assert sum(" was removed " in line for line in said) == (6 if harm == "folder" else 3)


def test_a_store_of_facts_is_found(store: Store, tmp_path: Path) -> None:
    assert find_stores(tmp_path) == ()
    with store.open_statements(["N1"]) as writer:
        writer.add(RECORD)
    assert [(found.suite, found.tier) for found in find_stores(tmp_path)] == [("facts", "mini")]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("[]", "facts.jsonl:1: not a fact: an object"),
        ('{"schema": 9}', "facts.jsonl:1: fact of schema 9, written by a newer version"),
        ('{"schema": 1, "key": "k"}', "facts.jsonl:1: key 'suite'"),
        (RECORD.to_line().replace('"facts":{', '"fact":{'), "key 'facts'"),
        ("{", "facts.jsonl:1: not a JSON object"),
    ],
)
def test_lines_that_cannot_be_read_name_file_and_line(store: Store, line: str, message: Any) -> None:
    store.folder.mkdir(parents=True)
    store.statements_path.write_text(f"{line}\n", encoding="utf-8")
    with pytest.raises(StoreError) as caught:
        store.statements()
    assert message in str(caught.value)
