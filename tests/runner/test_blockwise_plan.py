from __future__ import annotations

from pathlib import Path

import pytest
import zarr

from harness.metrics.blocks import paired_blocks
from harness.runner.blockwise_plan import CountingPlan


def test_a_petavoxel_is_planned_without_reading_it(tmp_path: Path) -> None:
    side, chunk = 100_000, 64
    arrays = [
        zarr.create_array(tmp_path / name, shape=(side,) * 3, chunks=(chunk,) * 3, dtype="uint64") for name in "ab"
    ]
    plan = CountingPlan.of(paired_blocks(*arrays), workers=1000, objects=10**9, bytes_per_s=5e8)
    assert plan.read_bytes == 16 * 10**15
    assert plan.core_hours == pytest.approx(16e15 / 5e8 / 3600)
    assert plan.wall_s == pytest.approx(32000)
    assert [level.tables for level in plan.levels][-1] == 1
    assert plan.levels[-1].bytes_each == 3 * 24 * 10**9
    assert plan.parts == plan.levels[0].tables
    assert all(-(-a.tables // 16) == b.tables for a, b in zip(plan.levels, plan.levels[1:], strict=False))
