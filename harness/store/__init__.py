"""Results on disk: records and timings of cells, their folder, its lock and its journal."""

from __future__ import annotations

from harness.store.facts import FactRecord, FactWriter
from harness.store.folder import Store, Writer, find_stores, read_results
from harness.store.merging import Merge, plan_merge
from harness.store.records import (
    CellError,
    Code,
    Place,
    Record,
    StageRecord,
    StageTiming,
    Timing,
    place_of,
)

__all__ = [
    "CellError",
    "Code",
    "FactRecord",
    "FactWriter",
    "Merge",
    "Place",
    "Record",
    "StageRecord",
    "StageTiming",
    "Store",
    "Timing",
    "Writer",
    "find_stores",
    "place_of",
    "plan_merge",
    "read_results",
]
