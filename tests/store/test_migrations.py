from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.errors import StoreError
from harness.store.migrations import SCHEMA, upgrade
from harness.store.records import read_record, read_timing

OLD = Path(__file__).with_name("old")


def test_each_step_is_applied_once_in_order() -> None:
    def second(data: dict[str, Any]) -> dict[str, Any]:
        return {**data, "steps": [*data.get("steps", []), 2]}

    def third(data: dict[str, Any]) -> dict[str, Any]:
        return {**data, "steps": [*data.get("steps", []), 3]}

    steps = {("record", 1): second, ("record", 2): third}
    assert upgrade({"schema": 1}, "record", "f:1", steps=steps, schema=3) == {"steps": [2, 3]}  # type: ignore[arg-type]
    assert upgrade({"schema": 2}, "record", "f:1", steps=steps, schema=3) == {"steps": [3]}  # type: ignore[arg-type]


@pytest.mark.parametrize("data", [[], {}, {"schema": 0}, {"schema": True}, {"schema": "1"}])
def test_objects_without_a_schema_are_refused(data: object) -> None:
    with pytest.raises(StoreError, match="f:1: not a record"):
        upgrade(data, "record", "f:1")


def test_newer_schema_is_refused() -> None:
    with pytest.raises(StoreError, match="f:1: timing of schema 3, written by a newer version"):
        upgrade({"schema": 3}, "timing", "f:1")


@pytest.mark.parametrize(("name", "read"), [("scores", read_record), ("timings", read_timing)])
def test_lines_of_the_first_schema_are_read_and_written_in_todays(name: str, read: Callable) -> None:
    """The file was written by the harness when it wrote schema 1."""
    for line in (OLD / f"{name}.schema1.jsonl").read_text(encoding="utf-8").splitlines():
        item = read(json.loads(line), "old:1")
        written = json.loads(item.to_line())
        assert written["schema"] == SCHEMA
        assert {**written, **json.loads(line), "schema": SCHEMA, "stages": written["stages"]} == written
        assert read(written, "new:1") == item
