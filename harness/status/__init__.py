"""Where a project stands: every table, figure and system that it is to repeat, with what was recorded of it."""

from __future__ import annotations

from harness.status.items import Item, read_items
from harness.status.state import ItemState, SuiteState, TierState, project_status
from harness.status.text import item_columns, suite_columns

__all__ = [
    "Item",
    "ItemState",
    "SuiteState",
    "TierState",
    "item_columns",
    "project_status",
    "read_items",
    "suite_columns",
]
