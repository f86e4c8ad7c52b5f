from __future__ import annotations

from typing import Any

import pytest

from harness.errors import StoreError
from harness.store.migrations import upgrade


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
    with pytest.raises(StoreError, match="f:1: timing of schema 2, written by a newer version"):
        upgrade({"schema": 2}, "timing", "f:1")
