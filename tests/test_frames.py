"""Results as data frames."""

from __future__ import annotations

import math
import sys

import pytest

from harness.errors import BackendError
from harness.frames import CELL_COLUMNS, frame, record_frame
from harness.store import CellError
from tests.records import make_record


def test_a_line_per_cell_and_a_column_per_metric() -> None:
    broken = make_record("log", status="timeout", error=CellError("Deadline", "late"))
    found = record_frame([make_record(metrics={"pq": 0.5}), broken])
    assert list(found.columns) == [*CELL_COLUMNS, "pq"]
    assert list(found["row"]) == ["otsu", "log"]
    assert found["pq"][0] == 0.5
    assert math.isnan(found["pq"][1])
    assert list(found["error"]) == ["", "late"]


def test_no_records_are_an_empty_frame() -> None:
    assert list(record_frame([]).columns) == list(CELL_COLUMNS)


def test_without_pandas_the_install_line_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(BackendError, match="pip install pandas"):
        frame(("a",), [{"a": 1}])
