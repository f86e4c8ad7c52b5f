"""Where cells meet records: what is current, stale, foreign or pending of a suite on a tier."""

from __future__ import annotations

from harness.standing.costs import Cost, Costs, trainings_of
from harness.standing.plan import Download, Plan, RowPlan, plan, same_rows, seconds_per_voxel
from harness.standing.standing import RowStanding, Standing

__all__ = [
    "Cost",
    "Costs",
    "Download",
    "Plan",
    "RowPlan",
    "RowStanding",
    "Standing",
    "plan",
    "same_rows",
    "seconds_per_voxel",
    "trainings_of",
]
