"""Scoring of volumes that lie on disk, by several processes: rate, speed-up, memory; and millions of objects.

Run with `pytest tests/bench/bench_scale.py`. Nothing is asserted about seconds: each benchmark leaves in `extra_info`
gigabytes of uncompressed labels per second (both images together), the speed-up over one process, and peak memory.
"""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from typing import Any

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from harness.runner.blockwise import Images, table_by_processes
from tests.bench.bench_metrics import best_s

SIDE = 512
REPEATED = 2
"""A volume of half a gigabyte, as often one behind the other as fits the disk of a laptop."""
CODECS = ("zstd", "blosc-lz4", "blosc-zstd")
CORES = len(os.sched_getaffinity(0))


def codec(name: str) -> Any:
    from zarr.codecs import BloscCodec, ZstdCodec

    if name == "zstd":
        return ZstdCodec(level=3)
    return BloscCodec(cname=name.partition("-")[2], clevel=5, shuffle="shuffle")


def cells(shape: tuple[int, ...], side: int) -> np.ndarray:
    """Boxes of `side` voxels with walls between them, each with a label of its own; uint32."""
    grid = np.indices(shape, dtype=np.uint32, sparse=True)
    counts = [-(-extent // side) for extent in shape]
    labels = np.zeros(shape, np.uint32)
    for axis, count in zip(grid, counts, strict=True):
        labels *= np.uint32(count)
        labels += axis // np.uint32(side)
    labels += 1
    for axis in grid:
        labels *= (axis % np.uint32(side) > 0).astype(np.uint32)
    return labels


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Images]:
    """Truth and prediction by codec, chunks of 64 cubed."""
    import zarr

    folder, found = tmp_path_factory.mktemp("volumes"), {}
    truth = cells((SIDE, SIDE, SIDE), 24)
    pred = np.roll(truth, 3, axis=2)
    for name in CODECS:
        for what, volume in (("truth", truth), ("pred", pred)):
            array = zarr.create_array(
                folder / f"{what}-{name}.zarr",
                shape=(SIDE * REPEATED, SIDE, SIDE),
                chunks=(64, 64, 64),
                dtype=volume.dtype,
                compressors=codec(name),
            )
            for number in range(REPEATED):
                array[number * SIDE : (number + 1) * SIDE] = volume
        found[name] = Images.named(str(folder / f"truth-{name}.zarr"), str(folder / f"pred-{name}.zarr"))
    return found


@pytest.mark.parametrize("name", CODECS)
def test_rate_of_counting_what_lies_on_disk(benchmark: BenchmarkFixture, stored: dict[str, Images], name: str) -> None:
    images = stored[name]
    size = 2 * 4 * REPEATED * SIDE**3
    benchmark.pedantic(table_by_processes, (images,), {"jobs": CORES}, rounds=2, warmup_rounds=1)
    own_s = benchmark.stats.stats.min
    one_s = best_s(lambda: table_by_processes(images, jobs=1), rounds=1)
    benchmark.extra_info["GB per s"] = size / own_s / 1e9
    benchmark.extra_info["processes"] = CORES
    benchmark.extra_info["speed-up"] = one_s / own_s


PEAK = """
    import resource, sys
    import numpy as np
    from harness.runner.blockwise import Images, count_part
    images = Images(sys.argv[1], sys.argv[2])
    blocks = images.blocks()
    numbers = range(int(len(blocks.regions) * float(sys.argv[3])))
    count_part(images, blocks.regions.block, numbers)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""


def test_memory_does_not_grow_with_voxels(benchmark: BenchmarkFixture, stored: dict[str, Images]) -> None:
    images = stored["zstd"]

    def peak(share: float) -> int:
        command = [sys.executable, "-c", textwrap.dedent(PEAK), images.truth, images.pred, str(share)]
        return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)

    eighth, whole = peak(0.125), benchmark.pedantic(peak, (1.0,), rounds=1)
    benchmark.extra_info["peak bytes"] = whole
    benchmark.extra_info["peak bytes of an eighth"] = eighth


OBJECTS = """
    import resource, sys, time
    import numpy as np
    import harness
    count = int(sys.argv[1])
    truth = np.repeat(np.arange(1, count + 1, dtype=np.uint32), 8)
    pred = np.roll(truth, 2)
    harness.score(pred[:100], truth[:100])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    scores = harness.score(pred, truth)
    assert scores["count.truth"] == count
    print(time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, before * 1024)
"""


@pytest.mark.parametrize("count", [1_000_000, 10_000_000])
def test_every_overlap_metric_of_as_many_objects(benchmark: BenchmarkFixture, count: int) -> None:
    def run() -> list[float]:
        command = [sys.executable, "-c", textwrap.dedent(OBJECTS), str(count)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return [float(word) for word in done.stdout.split()]

    seconds, peak, before = benchmark.pedantic(run, rounds=1)
    benchmark.extra_info["seconds of scoring"] = seconds
    benchmark.extra_info["peak bytes"] = peak
    benchmark.extra_info["bytes before, with both images"] = before
