"""Sixteen times the pixels of a phantom beside the pixels: what is placed and painted is linear in them."""

from __future__ import annotations

import time

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from harness.datasets.phantoms.generators import generate
from harness.datasets.phantoms.parameters import PhantomParameters

SIDE, TIMES = 256, 16
MOST_TIMES = 2 * TIMES


def painted(side: int) -> float:
    """Return the seconds that a phantom of side x side pixels took."""
    begin_s = time.perf_counter()
    labels = generate("nuclei-2d", PhantomParameters(shape=(side, side))).labels["gold"].array
    assert labels.max() > side * side / 1000
    return time.perf_counter() - begin_s


@pytest.mark.benchmark(group="phantoms")
def test_sixteen_times_the_pixels(benchmark: BenchmarkFixture) -> None:
    painted(SIDE)
    small_s = min(painted(SIDE) for _ in range(5))
    benchmark.pedantic(painted, args=(4 * SIDE,), rounds=3, warmup_rounds=1)
    times = benchmark.stats.stats.min / small_s
    benchmark.extra_info[f"times the seconds of a phantom of {SIDE} x {SIDE}"] = times
    assert times < MOST_TIMES
