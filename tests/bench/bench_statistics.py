"""Ranks with uncertainty of 50 rows on 1,000 samples, beside one bootstrap of one row by SciPy."""

from __future__ import annotations

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture
from scipy.stats import bootstrap

from harness.statistics import rank_rows

ROWS, SAMPLES, RESAMPLES = 50, 1000, 10_000
LIMIT_S = 2.0
"""Ranks of all rows take less than this."""


def _values() -> np.ndarray:
    rng = np.random.default_rng(0)
    return np.linspace(0, 1, ROWS)[:, None] + rng.normal(size=SAMPLES) + rng.normal(0, 0.5, (ROWS, SAMPLES))


@pytest.mark.benchmark(group="ranks")
def test_one_row_by_scipy(benchmark: BenchmarkFixture) -> None:
    row = _values()[0]
    benchmark.pedantic(
        lambda: bootstrap((row,), np.mean, n_resamples=RESAMPLES, method="percentile", rng=np.random.default_rng(0)),
        rounds=3,
        warmup_rounds=1,
    )


@pytest.mark.benchmark(group="ranks")
@pytest.mark.parametrize("data_sets", [1, 4], ids="{} data sets".format)
def test_fifty_rows(benchmark: BenchmarkFixture, data_sets: int) -> None:
    values, units = _values(), [(n % data_sets, n) for n in range(SAMPLES)]
    benchmark.pedantic(
        rank_rows, args=(values, units, "higher"), kwargs={"resamples": RESAMPLES}, rounds=3, warmup_rounds=1
    )
    assert benchmark.stats.stats.median < LIMIT_S
