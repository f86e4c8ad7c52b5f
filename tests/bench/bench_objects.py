"""Time of object tables: 1,500 objects in 38 million voxels, and a million objects, beside scikit-image.

Run with `pytest tests/bench/bench_objects.py`. Nothing is asserted about seconds: each benchmark leaves in `extra_info`
the seconds of its references, measured in the same run on the same arrays, and the ratios to them.
"""

from __future__ import annotations

import numpy as np
from pytest_benchmark.fixture import BenchmarkFixture
from skimage.measure import regionprops_table

import harness
from harness.metrics import Pair, overlap_table
from harness.metrics.errors import error_counts
from harness.metrics.geometry import geometry
from tests.bench.bench_metrics import best_s, report, volumes

__all__ = ["volumes"]

PROPERTIES = ("label", "area", "bbox", "centroid")
Volumes = tuple[np.ndarray, np.ndarray]


def squares(count: int, side: int) -> Volumes:
    """A truth of `count` rectangles of `side` by 6 pixels in rows of a thousand, and the same moved by one pixel."""
    ids = np.arange(1, count + 1, dtype=np.uint32).reshape(-1, 1000)
    truth = np.repeat(np.repeat(ids, side, axis=0), 6, axis=1)
    return truth, np.roll(truth, 1, axis=1)


def test_geometry_beside_regionprops(benchmark: BenchmarkFixture, volumes: Volumes) -> None:
    truth, _ = volumes
    found = benchmark.pedantic(geometry, (truth,), rounds=5, warmup_rounds=1)
    references_s = {
        "np.sum": best_s(lambda: np.sum(truth)),
        "regionprops_table": best_s(lambda: regionprops_table(truth, properties=PROPERTIES), rounds=1),
    }
    report(benchmark, references_s)
    table = regionprops_table(truth, properties=PROPERTIES)
    assert np.array_equal(found.ids, table["label"])
    assert np.array_equal(found.voxels, table["area"])
    assert all(np.allclose(found.centroid[:, axis], table[f"centroid-{axis}"]) for axis in range(3))


def test_object_table_of_38_million_voxels(benchmark: BenchmarkFixture, volumes: Volumes) -> None:
    truth, pred = volumes
    benchmark.pedantic(harness.object_table, (pred, truth), rounds=3, warmup_rounds=1)
    report(
        benchmark,
        {
            "every overlap metric": best_s(lambda: harness.score(pred, truth), rounds=3),
            "regionprops_table of both": best_s(
                lambda: [regionprops_table(image, properties=PROPERTIES) for image in (truth, pred)], rounds=1
            ),
        },
    )


def test_object_table_of_a_million_objects(benchmark: BenchmarkFixture) -> None:
    truth, pred = squares(1_000_000, 6)
    table = benchmark.pedantic(harness.object_table, (pred, truth), rounds=2, warmup_rounds=1)
    assert len(table) == 2_000_000
    report(benchmark, {"every overlap metric": best_s(lambda: harness.score(pred, truth), rounds=1)})


def test_errors_of_a_million_objects_beside_all_metrics(benchmark: BenchmarkFixture) -> None:
    truth, pred = squares(1_000_000, 6)

    def fresh() -> tuple[tuple[object], dict[str, object]]:
        table = overlap_table(truth, pred)
        _ = table.objects
        return (table,), {}

    benchmark.pedantic(error_counts, setup=fresh, rounds=3)
    report(benchmark, {"every overlap metric": best_s(lambda: harness.score(pred, truth), rounds=1)})


def test_errors_of_38_million_voxels_beside_all_metrics(benchmark: BenchmarkFixture, volumes: Volumes) -> None:
    table = Pair(*volumes).overlap
    benchmark.pedantic(error_counts, (table,), rounds=5, warmup_rounds=1)
    report(benchmark, {"every overlap metric": best_s(lambda: harness.score(*volumes), rounds=3)})
