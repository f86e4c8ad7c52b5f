"""Superpixels and GASP on a boundary map of 100 x 512 x 512 voxels: under 60 s together on two cores.

`pytest tests/bench/bench_partition.py --benchmark-only`
"""

from __future__ import annotations

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from harness.model import Volume
from tests.stages.chains import labels_of, make, probability, run, walls

SHAPE = (100, 512, 512)
CELLS = 1500
MOST_S = 60.0


@pytest.fixture(scope="module")
def tissue() -> tuple[Volume, np.ndarray]:
    boundary, cells = walls(SHAPE, CELLS, seed=0)
    return probability(boundary), cells


def test_superpixels(benchmark: BenchmarkFixture, tissue: tuple[Volume, np.ndarray]) -> None:
    made = benchmark.pedantic(run, ([make("dt-watershed")], {"probability": tissue[0]}), rounds=3, warmup_rounds=1)
    assert made["superpixels"].array.max() >= CELLS


def test_superpixels_and_gasp(benchmark: BenchmarkFixture, tissue: tuple[Volume, np.ndarray]) -> None:
    chain = [make("dt-watershed"), make("gasp")]
    made = benchmark.pedantic(labels_of, (chain, {"probability": tissue[0]}), rounds=3, warmup_rounds=1)
    sampled = np.isin(tissue[1], np.arange(1, CELLS + 1, 100))
    inside = [np.bincount(made[tissue[1] == number]).max() for number in range(1, CELLS + 1, 100)]
    assert sum(inside) / sampled.sum() > 0.8
    assert benchmark.stats.stats.min < MOST_S


@pytest.mark.parametrize("stage", ["gasp", "mutex-watershed", "multicut"])
def test_partitioning_alone(benchmark: BenchmarkFixture, tissue: tuple[Volume, np.ndarray], stage: str) -> None:
    slots = run([make("dt-watershed")], {"probability": tissue[0]})
    made = benchmark.pedantic(labels_of, ([make(stage)], slots), rounds=3, warmup_rounds=1)
    assert made.max() >= CELLS // 2
