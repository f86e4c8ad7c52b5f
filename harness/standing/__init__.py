"""Where cells meet records: what is current, stale, foreign or pending of a suite on a tier."""

from __future__ import annotations

from harness.standing.plan import Plan, RowPlan, plan, same_rows
from harness.standing.standing import RowStanding, Standing

__all__ = ["Plan", "RowPlan", "RowStanding", "Standing", "plan", "same_rows"]
