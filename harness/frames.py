"""Results as pandas data frames, on request: nothing else here needs pandas."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from harness.errors import BackendError
from harness.store import Record

if TYPE_CHECKING:
    from pandas import DataFrame

CELL_COLUMNS = (
    "suite", "version", "tier", "row", "dataset", "sample", "fold", "repeat", "seed", "status", "error"
)  # fmt: skip
"""What identifies a cell and how it ended, before its metrics."""


def record_frame(records: Iterable[Record]) -> DataFrame:
    """Return records as a data frame: a line per cell, a column per metric (NaN where undefined or failed)."""
    lines = [_record_line(record) for record in records]
    metrics = dict.fromkeys(name for line in lines for name in line if name not in CELL_COLUMNS)
    return frame((*CELL_COLUMNS, *metrics), lines)


def frame(columns: Sequence[str], lines: Iterable[Mapping[str, Any]]) -> DataFrame:
    """Return lines as a data frame with the given columns; raises `BackendError` without pandas."""
    made: DataFrame = reading_pandas().DataFrame(list(lines), columns=list(columns))
    return made


def reading_pandas() -> Any:
    """Return the module pandas; raises `BackendError` where it is not installed."""
    try:
        import pandas
    except ImportError as error:
        raise BackendError("data frames need pandas, which is not installed; pip install pandas") from error
    return pandas


def _record_line(record: Record) -> dict[str, Any]:
    line = {name: getattr(record, name) for name in CELL_COLUMNS if name != "error"}
    return {**line, "error": "" if record.error is None else record.error.message, **record.metrics}
