"""What is read quickly is read as every line is, and only where the line says what it said when it was written."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import StoreError
from harness.hashing import hash_value
from harness.model import Origin
from harness.store.records import (
    CellError,
    Code,
    Record,
    StageRecord,
    StageTiming,
    read_record,
    read_timing,
    take_for_sound,
)
from harness.store.sound import record_line_reader, sound_line_check, sound_timing_reader
from tests.store.helpers import a_record, a_timing

OURS = Origin("segmentation-harness", "0.1.0", "c0de")
FULL = replace(
    a_record(score=math.nan),
    status="exception",
    error=CellError("ValueError", "too small", "otsu"),
    stages=(
        StageRecord("unet", 2, {"rate": 1e-5, "sizes": [1, 2]}, "m", {"w": "h"}, "o", "first", OURS, {"steps": 3}),
        StageRecord("otsu", 1, {"unit": None}),
    ),
    notes=("said",),
    code=Code("c", None),
    counts={"n": 3, "x": 0.25, "tp.canonical": (1, 2.5, 0)},
    prediction={"labels": "abc"},
    contamination="unknown",
    origins={"mine": Origin("mine.py", "", "d1")},
    scope={"": {"ignore": 255, "border": "drop", "sparse": True}},
)
ODD = replace(FULL, row="Zelle µ", sample="\x7f/\u2028", metrics={"a": 1e-7, "b": 1e22, "c": 5e-324, "d": 0.1 + 0.2})
RECORDS = (a_record(), FULL, ODD)
ids = pytest.mark.parametrize("record", RECORDS, ids=("plain", "full", "odd"))


def read(line: bytes) -> Record | None:
    """Read a line quickly; what is read is what every line says, and is sound."""
    record = record_line_reader()(line)
    found = record if sound_line_check()(line) else None
    if found is not None:
        take_for_sound(found)
        slow = read_record(json.loads(line), "x:1")
        assert repr(found) == repr(slow), "repr tells 1 from 1.0, a list from a tuple, and compares NaN"
        assert not slow.is_altered
        assert not found.is_altered
    return found


def sealed(data: dict[str, Any]) -> bytes:
    """Return a line with the checksum of what it says."""
    content = {key: value for key, value in data.items() if key not in ("schema", "checksum")}
    return json.dumps({"schema": 2, **content, "checksum": hash_value(content)}).encode()


@ids
def test_a_line_as_it_was_written_is_read(record: Record) -> None:
    line = record.to_line().encode()
    assert read(line) is not None
    assert read(sealed(json.loads(line))) is not None, "in ASCII, with blanks"


@ids
def test_a_line_of_which_any_byte_was_changed_is_read_only_where_it_says_the_same(record: Record) -> None:
    line = record.to_line().encode()
    content = json.loads(line)
    for at in range(len(line)):
        for changed in (line[at] ^ 1, ord(" "), ord("9")):
            other = line[:at] + bytes([changed]) + line[at + 1 :]
            if read(other) is not None:
                assert repr(json.loads(other)) == repr(content), "a last digit may round to the same number"


def objects(value: Any) -> Iterator[dict[str, Any]]:
    """Yield every object of a line whose keys are fields: not those that are by name."""
    yield value
    yield from value["stages"]
    yield from (stage["origin"] for stage in value["stages"] if stage["origin"])
    yield from value.get("origins", {}).values()
    yield value["code"]
    if value["error"]:
        yield value["error"]


def test_a_line_that_says_more_than_a_record_holds_is_left_to_the_reader_that_names_it() -> None:
    count = len(list(objects(json.loads(FULL.to_line()))))
    assert count == 7
    for number in range(count):
        data = json.loads(FULL.to_line())
        list(objects(data))[number]["surplus"] = 1
        assert read(sealed(data)) is None
        with pytest.raises(StoreError, match=r"^x:1: key '.*surplus'"):
            read_record(json.loads(sealed(data)), "x:1")


@pytest.mark.parametrize(
    "changed",
    [
        {"schema": 1},
        {"schema": True},
        {"schema": 2.0},
        {"schema": 3},
        {"checksum": ""},
        {"checksum": None},
        {"checksum": "none"},
        {"seed": 8},
        {"is_sound": True},
        {"metrics": {"map.gonuclear": math.inf}},
        {"stages": 3},
        {"error": []},
    ],
    ids=str,
)
def test_a_line_of_another_form_is_left_to_the_other_reader(changed: dict[str, Any]) -> None:
    line = json.dumps({**json.loads(a_record().to_line()), **changed}).encode()
    assert read(line) is None


@pytest.mark.parametrize(
    "changed",
    [
        {"seed": "7"},
        {"repeat": None},
        {"metrics": {"pq": "0.5"}},
        {"stages": [3]},
        {"counts": {"n": [1, [2]]}},
        {"status": "fine"},
        {"code": {"commit": 1}},
        {"scope": {"": {"ignore": None}}},
        {"is_sound": True},
    ],
    ids=str,
)
def test_a_sealed_line_of_wrong_types_is_left_to_the_other_reader(changed: dict[str, Any]) -> None:
    assert read(sealed({**json.loads(a_record().to_line()), **changed})) is None


@pytest.mark.parametrize("line", [b"", b"7", b"[]", b"{]", b"null", b"{}", b"[" * 100_000, b'{"schema":2,"a":NaN}'])
def test_what_is_no_record_is_left_to_the_other_reader(line: bytes) -> None:
    assert read(line) is None


def test_only_what_was_checked_is_sound() -> None:
    line = json.loads(a_record().to_line())
    with pytest.raises(StoreError, match="x:1: key 'is_sound'"):
        read_record({**line, "is_sound": True}, "x:1")
    sound = read(sealed(line))
    assert sound is not None
    assert sound.is_sound
    assert not replace(sound, seed=sound.seed + 1).is_sound
    assert "is_sound" not in json.loads(sound.to_line())


NUMBERS = st.floats(allow_infinity=False)
NAMES = st.text(st.characters(exclude_categories=["Cs"]))
COUNTS = st.dictionaries(
    NAMES, st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.tuples(st.integers())
)


@given(st.dictionaries(NAMES, NUMBERS), COUNTS, NAMES, st.dictionaries(NAMES, st.none() | NAMES | st.booleans()))
def test_whatever_a_record_holds_is_read_as_every_line_is(
    metrics: dict[str, float], counts: dict[str, Any], name: str, parameters: dict[str, Any]
) -> None:
    stages = (StageRecord(name, 1, parameters),)
    record = replace(a_record(), row=name, metrics=metrics, counts=counts, stages=stages)
    assert read(record.to_line().encode()) is not None or any(
        type(value) is int and abs(value) >= 2**63 for value in counts.values()
    )


def test_a_timing_is_read_as_every_line_is_and_one_that_says_more_is_left_to_the_other_reader() -> None:
    read_quickly = sound_timing_reader()
    whole = replace(a_timing(), stages=(StageTiming("a", steady_s=(1.5, 2.0), cached=True, name="first"),))
    for timing in (a_timing(), whole, replace(whole, row="Zelle µ", stages=())):
        line = timing.to_line()
        assert repr(read_quickly(line.encode())) == repr(read_timing(json.loads(line), "x:1"))
    data = json.loads(whole.to_line())
    for changed in (
        {"surplus": 1},
        {"schema": 1},
        {"schema": 2.0},
        {"threads": "2"},
        {"total_s": None},
        {"stages": [{**data["stages"][0], "surplus": 1}]},
        {"stages": [{}]},
    ):
        assert read_quickly(json.dumps({**data, **changed}).encode()) is None
    for line in ("", "[]", "{]", "[" * 100_000):
        assert read_quickly(line.encode()) is None
