"""Results on disk: records and timings of cells, their folder, its lock and its journal."""

from __future__ import annotations

from harness.store.folder import Store, Writer, find_stores, read_results
from harness.store.merging import Merge, plan_merge
from harness.store.records import (
    CellError,
    Code,
    Record,
    StageRecord,
    StageTiming,
    Timing,
)
from harness.store.statements import StatementRecord, StatementWriter

__all__ = [
    "CellError",
    "Code",
    "Merge",
    "Record",
    "StageRecord",
    "StageTiming",
    "StatementRecord",
    "StatementWriter",
    "Store",
    "Timing",
    "Writer",
    "find_stores",
    "plan_merge",
    "read_results",
]
