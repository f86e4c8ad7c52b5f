from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest

from harness.errors import StoreError
from harness.model import Origin, StageSpec
from harness.store.records import StageRecord, StageTiming, read_record, read_timing, told
from tests.records import make_record
from tests.store.helpers import a_record, a_timing


def test_json_form_has_the_keys_others_rely_on() -> None:
    data = json.loads(a_record().to_line())
    assert {"schema", "cell", "row", "sample", "fold", "seed", "status", "metrics"} <= set(data)
    assert data["stages"][0]["parameters"] == {"sizes": [1, 2], "sigma": 0.1}
    assert data["code"] == {"commit": "c", "dirty": False}


def test_round_trip() -> None:
    assert read_record(json.loads(a_record().to_line()), "x:1") == a_record()
    assert read_timing(json.loads(a_timing().to_line()), "x:1") == a_timing()
    line = a_record(score=math.nan).to_line()
    assert read_record(json.loads(line), "x:1").to_line() == line


def test_missing_key_is_named() -> None:
    data = json.loads(a_timing().to_line())
    del data["machine"]
    with pytest.raises(StoreError, match=r"x:1: key 'machine'"):
        read_timing(data, "x:1")


def test_run_seconds_prefer_steady_calls() -> None:
    assert StageTiming("a", first_s=9.0, steady_s=(1.0, 3.0, 2.0)).run_s == 2.0
    assert StageTiming("a", first_s=9.0).run_s == 9.0
    assert StageTiming("a", cached=True).run_s is None


@pytest.mark.parametrize(
    ("key", "value"), [("metrics", {"pq": 0.6}), ("status", "exception"), ("row", "other"), ("counts", {"tp.x": [2]})]
)
def test_a_line_that_was_altered_says_so_and_copying_it_does_not_make_it_good(key: str, value: object) -> None:
    record = replace(make_record(metrics={"pq": 0.5, "x": math.nan}), counts={"tp.x": (1, 0), "n.truth": 2})
    line = json.loads(record.to_line())
    assert not read_record(line, "f:1").is_altered
    altered = read_record({**line, key: value}, "f:1")
    assert altered.is_altered
    assert read_record(json.loads(altered.to_line()), "f:1").is_altered


def test_the_checksum_is_over_what_the_line_says_not_over_its_bytes() -> None:
    line = json.loads(make_record(metrics={"pq": 1.0}).to_line())
    reordered = json.loads(json.dumps({**dict(reversed(line.items())), "metrics": {"pq": 1}}, indent=3))
    assert not read_record(reordered, "f:1").is_altered


def test_what_was_compared_stands_in_a_line_only_where_that_was_not_everything() -> None:
    plain = make_record(metrics={"pq": 1.0})
    assert "scope" not in json.loads(plain.to_line()), "lines from before it was kept stay what they are"
    own = replace(plain, scope={"": {"ignore": 255}, "fg": {"border": "drop", "border_px": 2}, "s": {"sparse": True}})
    line = json.loads(own.to_line())
    assert line["scope"] == {"": {"ignore": 255}, "fg": {"border": "drop", "border_px": 2}, "s": {"sparse": True}}
    assert read_record(line, "f:1") == own
    assert read_record(line, "f:1").scope["s"]["sparse"] is True
    assert not read_record(line, "f:1").is_altered
    assert read_record({**line, "scope": {}}, "f:1").is_altered


def test_origins_stand_in_a_line_only_where_there_are_some() -> None:
    plain = make_record(metrics={"pq": 1.0})
    assert "origins" not in json.loads(plain.to_line()), "lines from before they were kept stay what they are"
    own = replace(plain, origins={"mine": Origin("mine.py", "", "c0de")})
    line = json.loads(own.to_line())
    assert line["origins"] == {"mine": {"distribution": "mine.py", "version": "", "code": "c0de"}}
    assert read_record(line, "f:1") == own
    assert not read_record(line, "f:1").is_altered
    assert read_record({**line, "origins": {}}, "f:1").is_altered


@pytest.mark.parametrize("without", [{"checksum": ""}, {}])
def test_a_line_whose_checksum_was_taken_away_is_altered_unless_it_never_had_one(without: dict[str, str]) -> None:
    line = json.loads(make_record(metrics={"pq": 1.0}).to_line())
    del line["checksum"]
    taken = read_record({**line, **without}, "f:1")
    assert taken.is_altered
    assert read_record(json.loads(taken.to_line()), "f:1").is_altered
    assert not read_record({**line, **without, "schema": 1}, "f:1").is_altered


def test_a_chain_and_a_record_of_it_are_told_the_same() -> None:
    spec = StageSpec("cut", 2, {"level": 0.5, "size": (1, 2)}, Origin("", "", "code"))
    assert told([spec]) == told([StageRecord("cut", 2, {"size": [1, 2], "level": 0.5}, model="m")])
    assert told([spec]) != told([StageRecord("cut", 2, {"size": [1, 2], "level": 0.6})])
    assert told([spec, spec]) != told([spec])
