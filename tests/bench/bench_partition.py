"""Superpixels and GASP on a boundary map of 100 x 512 x 512 voxels: under 60 s together on two cores.

`pytest tests/bench/bench_partition.py --benchmark-only`. The last one prints where the time goes: to each function of a
library that the chain calls, and to what is ours.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bioimage_cpp
import numpy as np
import pytest
import scipy.ndimage
from pytest_benchmark.fixture import BenchmarkFixture

from harness.model import Volume
from harness.project import Project
from harness.standing import plan
from tests.bench.figures import Figure, at_most, show
from tests.stages.chains import labels_of, make, probability, run, walls

REPOSITORY = Path(__file__).resolve().parents[2]
SHAPE = (100, 512, 512)
CELLS = 1500
MOST_S = 60.0
CALLED = (
    (bioimage_cpp.distance, "distance_transform"),
    (bioimage_cpp.filters, "gaussian_smoothing"),
    (scipy.ndimage, "maximum_filter"),
    (bioimage_cpp.segmentation, "label"),
    (bioimage_cpp.segmentation, "watershed"),
    (bioimage_cpp.graph, "region_adjacency_graph"),
    (bioimage_cpp.graph.features, "affinity_features"),
    (bioimage_cpp.graph.agglomeration.GaspClusterPolicy, "optimize"),
)
"""What of libraries dt-watershed and gasp call."""


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


def five_folds_planned() -> Figure:
    """Return what the published table is planned to take, by what voxels of its mini tier took."""
    project = Project.find(REPOSITORY)
    standing = project.results(REPOSITORY / "results", project.suite("table-2.6"), "paper")
    planned = plan(standing, project.catalogue, per_voxel_s=project.per_voxel_s(standing))
    assert not planned.unknown_rows
    what = f"table 2.6, {len(planned.cells)} cells of five folds, planned by seconds a voxel of the mini tier"
    return Figure(what, planned.known_s / 3600, "node hours")


def test_where_the_time_goes(
    benchmark: BenchmarkFixture,
    tissue: tuple[Volume, np.ndarray],
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    spent: dict[str, list[float]] = defaultdict(list)

    def timed(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def timer(*arguments: Any, **options: Any) -> Any:
            start_s = time.perf_counter()
            try:
                return call(*arguments, **options)
            finally:
                spent[name].append(time.perf_counter() - start_s)

        return timer

    for holder, name in CALLED:
        monkeypatch.setattr(holder, name, timed(name, getattr(holder, name)))
    chain = [make("dt-watershed"), make("gasp")]
    benchmark.pedantic(labels_of, (chain, {"probability": tissue[0]}), rounds=1)
    monkeypatch.undo()
    assert spent.keys() == {name for _, name in CALLED}
    whole_s, theirs_s = benchmark.stats.stats.min, sum(map(sum, spent.values()))
    figures = [Figure(f"{name}, {len(calls)} calls", sum(calls), "s") for name, calls in spent.items()]
    figures += [Figure("ours", whole_s - theirs_s, "s"), at_most("all", whole_s, "s", MOST_S), five_folds_planned()]
    show(request, figures)
