"""Time of scoring a pair of 38-million-voxel volumes with 1,500 objects, beside np.sum and the libraries.

Run with `pytest tests/bench/bench_metrics.py`. Nothing is asserted about seconds: each benchmark leaves in
`extra_info` the seconds of its references, measured in the same run on the same arrays, and the ratios to them.
"""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

import harness
from harness.metrics import Pair, overlap_table
from harness.metrics.surfaces import metrics as surfaces
from harness.scoring import Scores, chosen_metrics, measure

SHAPE = (320, 345, 345)
OBJECTS = 1500
RADII = np.array((8, 16, 16))
ROUNDS = 5
SPACING_UM = (1.0, 0.5, 0.5)
SIX = ("map.stardist", "ap50.stardist", "arand.elf", "sbd.mask", "count.pred", "voi.split")


def nuclei(centres: np.ndarray) -> np.ndarray:
    """Ellipsoids at the centres, labelled 1, 2, …, earlier ones in front; uint32."""
    labels = np.zeros(SHAPE, np.uint32)
    grid = np.ogrid[tuple(slice(-radius, radius + 1) for radius in RADII)]
    ball = sum((axis / radius) ** 2 for axis, radius in zip(grid, RADII, strict=True)) <= 1
    for label, centre in enumerate(centres.round().astype(int), start=1):
        low, high = np.maximum(centre - RADII, 0), np.minimum(centre + RADII + 1, SHAPE)
        window = labels[tuple(map(slice, low, high))]
        part = ball[tuple(map(slice, low - centre + RADII, high - centre + RADII))]
        window[part & (window == 0)] = label
    return labels


@pytest.fixture(scope="module")
def volumes() -> tuple[np.ndarray, np.ndarray]:
    """(truth, prediction): the same nuclei, displaced by a voxel or two."""
    rng = np.random.default_rng(1500)
    centres = rng.uniform(RADII / 2, SHAPE - RADII / 2, (OBJECTS, 3))
    return nuclei(centres), nuclei(centres + rng.normal(0, 1.5, centres.shape))


def best_s(call: Callable[[], Any], rounds: int = ROUNDS) -> float:
    """Least wall time of some calls, in seconds."""
    times_s = []
    for _ in range(rounds):
        start_s = time.perf_counter()
        call()
        times_s.append(time.perf_counter() - start_s)
    return min(times_s)


def by_the_libraries(truth: np.ndarray, pred: np.ndarray) -> None:
    """What a user would call for AP at ten thresholds, adapted Rand error and symmetric best Dice."""
    from elf.evaluation import rand_index, symmetric_best_dice_score
    from stardist.matching import matching

    matching(truth, pred, thresh=np.arange(0.5, 1.0, 0.05))
    rand_index(pred, truth)
    symmetric_best_dice_score(pred, truth)


def report(benchmark: BenchmarkFixture, references_s: dict[str, float]) -> None:
    own_s = benchmark.stats.stats.min
    for name, reference_s in references_s.items():
        benchmark.extra_info[f"{name}_s"] = reference_s
        benchmark.extra_info[f"time / {name}"] = own_s / reference_s


@pytest.mark.parametrize("dtype", [np.uint16, np.uint32, np.int64])
def test_every_metric_of_38_million_voxels(
    benchmark: BenchmarkFixture, volumes: tuple[np.ndarray, np.ndarray], dtype: type
) -> None:
    truth, pred = (volume.astype(dtype) for volume in volumes)
    benchmark.pedantic(harness.score, (pred, truth), rounds=ROUNDS, warmup_rounds=1)
    report(benchmark, {"np.sum of both": best_s(lambda: (np.sum(truth), np.sum(pred)))})
    tracemalloc.start()
    harness.score(pred, truth)
    benchmark.extra_info["peak_extra_bytes"] = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()


def test_every_metric_beside_the_libraries(benchmark: BenchmarkFixture, volumes: tuple[np.ndarray, np.ndarray]) -> None:
    pytest.importorskip("elf.evaluation")
    pytest.importorskip("stardist")
    truth, pred = volumes
    by_the_libraries(truth[:8, :64, :64], pred[:8, :64, :64])
    benchmark.pedantic(harness.score, (pred, truth), rounds=ROUNDS, warmup_rounds=1)
    report(benchmark, {"stardist and elf": best_s(lambda: by_the_libraries(truth, pred), rounds=1)})


def test_every_surface_metric_of_38_million_voxels(
    benchmark: BenchmarkFixture, volumes: tuple[np.ndarray, np.ndarray]
) -> None:
    truth, pred = volumes
    names = [metric.id for metric in surfaces.METRICS]
    names += [family.example.replace("2um", "1um") for family in surfaces.FAMILIES]
    harness.score(pred[:8, :64, :64], truth[:8, :64, :64], names, spacing_um=SPACING_UM)
    benchmark.pedantic(harness.score, (pred, truth, names), {"spacing_um": SPACING_UM}, rounds=3)
    benchmark.extra_info["metrics"] = len(names)
    tracemalloc.start()
    harness.score(pred, truth, names, spacing_um=SPACING_UM)
    benchmark.extra_info["peak_extra_bytes / input"] = tracemalloc.get_traced_memory()[1] / (truth.nbytes + pred.nbytes)
    tracemalloc.stop()


def by_surface_distance(truth: np.ndarray, pred: np.ndarray) -> None:
    """What a user would call for each matched object, in its box: the surfaces, and four numbers of them."""
    from surface_distance import metrics as library

    table, geometry = Pair(truth, pred).overlap, Pair(truth, pred).geometry
    found = table.objects.candidates(0.5)
    for row, col in zip(found.rows, found.cols, strict=True):
        one, two = row - table.first_truth, col - table.first_pred
        low = np.minimum(geometry.truth.low[one], geometry.pred.low[two])
        high = np.maximum(geometry.truth.high[one], geometry.pred.high[two])
        box = tuple(map(slice, low, high))
        masks = (truth[box] == geometry.truth.ids[one], pred[box] == geometry.pred.ids[two])
        surfaces_of_both = library.compute_surface_distances(*masks, SPACING_UM)
        library.compute_average_surface_distance(surfaces_of_both)
        library.compute_robust_hausdorff(surfaces_of_both, 95)
        library.compute_robust_hausdorff(surfaces_of_both, 100)
        library.compute_surface_dice_at_tolerance(surfaces_of_both, 1.0)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_matched_surfaces_beside_surface_distance(
    benchmark: BenchmarkFixture, volumes: tuple[np.ndarray, np.ndarray]
) -> None:
    pytest.importorskip("surface_distance")
    truth, pred = volumes
    names = [f"{name}.surfels.matched" for name in ("masd", "hd95", "hd")] + ["nsd.surfels.matched.1um"]
    harness.score(pred[:8, :64, :64], truth[:8, :64, :64], names, spacing_um=SPACING_UM)
    benchmark.pedantic(harness.score, (pred, truth, names), {"spacing_um": SPACING_UM}, rounds=3)
    report(benchmark, {"surface-distance": best_s(lambda: by_surface_distance(truth, pred), rounds=1)})


def test_strided_volumes(benchmark: BenchmarkFixture, volumes: tuple[np.ndarray, np.ndarray]) -> None:
    truth, pred = (np.repeat(volume[:160], 2, axis=2)[:, :, ::2] for volume in volumes)
    benchmark.pedantic(overlap_table, (truth, pred), rounds=ROUNDS, warmup_rounds=1)
    report(benchmark, {"np.sum of both": best_s(lambda: (np.sum(truth), np.sum(pred)))})


def test_zarr_volumes(benchmark: BenchmarkFixture, volumes: tuple[np.ndarray, np.ndarray], tmp_path: Path) -> None:
    import zarr

    stored = []
    for name, volume, chunks in zip(("truth", "pred"), volumes, ((64, 64, 64), (32, 128, 128)), strict=True):
        array = zarr.create_array(tmp_path / name, shape=SHAPE, chunks=chunks, dtype=volume.dtype)
        array[...] = volume
        stored.append(array)
    benchmark.pedantic(overlap_table, stored, rounds=2, warmup_rounds=1)
    report(benchmark, {"reading both": best_s(lambda: (stored[0][...], stored[1][...]), rounds=2)})


def test_a_million_objects(benchmark: BenchmarkFixture) -> None:
    truth = np.repeat(np.arange(1, 1_000_001, dtype=np.uint32), 38)
    pred = np.roll(truth, 7)
    benchmark.pedantic(harness.score, (pred, truth), rounds=2, warmup_rounds=1)
    report(benchmark, {"np.sum of both": best_s(lambda: (np.sum(truth), np.sum(pred)))})


@pytest.mark.parametrize("scene", ["38 million voxels", "a plane", "a million objects"])
def test_evidence_beside_six_cheap_values(
    benchmark: BenchmarkFixture, volumes: tuple[np.ndarray, np.ndarray], scene: str
) -> None:
    """What a record keeps beside the values: the classes of errors, and the counts of every metric."""
    truth, pred = volumes
    if scene == "a plane":
        truth, pred = truth[0].copy(), pred[0].copy()
    elif scene == "a million objects":
        truth = np.repeat(np.arange(1, 1_000_001, dtype=np.uint32), 38)
        pred = np.roll(truth, 7)
    metrics = chosen_metrics(SIX)

    def values() -> list[float]:
        pair = Pair(truth, pred)
        return [metric.of(pair) for metric in metrics]

    def both() -> Scores:
        return measure(Pair(truth, pred), metrics)

    benchmark.pedantic(both, rounds=ROUNDS, warmup_rounds=1)
    turns = 8 if scene == "a million objects" else 200
    times_s = [(best_s(values, rounds=1), best_s(both, rounds=1)) for _ in range(turns)]  # in turn: a machine drifts
    alone_s, both_s = (median(one) for one in zip(*times_s, strict=True))
    benchmark.extra_info["the values alone_s"] = alone_s
    benchmark.extra_info["time / the values alone"] = both_s / alone_s
