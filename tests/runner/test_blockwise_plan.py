from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import zarr

from harness.metrics.blocks import paired_blocks
from harness.metrics.kernel import PairCounter
from harness.runner.blockwise_plan import CountingPlan, table_bytes


def test_a_petavoxel_is_planned_without_reading_it(tmp_path: Path) -> None:
    side, chunk = 100_000, 64
    arrays = [
        zarr.create_array(tmp_path / name, shape=(side,) * 3, chunks=(chunk,) * 3, dtype="uint64") for name in "ab"
    ]
    plan = CountingPlan.of(paired_blocks(*arrays), workers=1000, objects=10**9, bytes_per_s=5e8, pairs_per_s=1e7)
    assert plan.read_bytes == 16 * 10**15
    assert plan.seconds == pytest.approx(16e15 / 5e8)
    assert plan.adding_s == pytest.approx(3e9 / 1e7 * (len(plan.levels) - 1), rel=0.01), (
        "each pair is added once a level"
    )
    assert plan.core_hours == pytest.approx((plan.seconds + plan.adding_s) / 3600)
    assert plan.node_hours(64) == plan.core_hours / 64
    assert plan.wall_s > 32000 + 300, "the last sum has one table, and takes the seconds of all pairs"
    assert plan.levels[-1].memory_bytes == 3 * 24 * 10**9 + table_bytes(3 * 10**9)
    assert [level.tables for level in plan.levels][-1] == 1
    assert plan.levels[-1].bytes_each == 3 * 24 * 10**9
    assert plan.parts == plan.levels[0].tables
    assert all(-(-a.tables // 16) == b.tables for a, b in zip(plan.levels, plan.levels[1:], strict=False))


@pytest.mark.parametrize("pairs", [20_000, 43_689, 43_690, 100_000])
def test_the_bytes_of_a_table_are_those_that_adding_takes(pairs: int) -> None:
    counter = PairCounter()
    ids = np.stack([np.arange(pairs)] * 2, axis=1).astype(np.uint64)
    counter.add_pairs(ids, np.ones(pairs, np.int64))
    tracemalloc.start()
    found = counter.pairs()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    held = counter._table.nbytes
    assert len(found[0]) == pairs
    assert table_bytes(pairs) == pytest.approx(max(held + peak, 1.5 * held), rel=0.02)
