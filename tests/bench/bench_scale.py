"""Scoring of volumes that lie on disk, by several processes: rate, speed-up, memory; millions of objects; a petavoxel.

Run with `pytest tests/bench/bench_scale.py -p no:randomly` on an idle machine: some ten minutes. At the end stands a
table of figures beside the goals; HARNESS_BENCH_FIGURES=FILE keeps them. A goal that is missed fails its benchmark.
"""

from __future__ import annotations

import math
import os
import subprocess
import sys
import textwrap
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from harness.metrics.blocks import paired_blocks
from harness.metrics.parts import LabelPairs, added
from harness.runner.blockwise import Images, table_by_processes
from harness.runner.blockwise_plan import CountingPlan
from tests.bench.bench_metrics import best_s
from tests.bench.figures import Figure, at_least, at_most, show

SIDE, CHUNK = 512, 64
REPEATED = 128
"""The volume is so often one cube behind the other, more than memory holds and long beside the start of processes; on
disk it is there once."""
CUBE_BYTES = 2 * 4 * SIDE**3
BYTES = REPEATED * CUBE_BYTES
"""Uncompressed labels of both images."""
CODECS = ("zstd", "blosc-lz4", "blosc-zstd")
CORES = len(os.sched_getaffinity(0))
GB_PER_S_OF_A_CORE = 0.5
SPEED_UP_OF_A_CORE = 0.9
SHARE_OF_THE_CODEC = 0.7
"""Rate of reading beside that of the bare codec. Boxes compress to almost nothing: of labels that take the codec longer
to decode, more is reached."""
MEMORY_RATIO = 1.1
"""Peak memory of a sixteenth of the volume beside an eighth of that."""
MILLION_S, MILLION_BYTES = 10.0, 1e9
PETAVOXEL_SIDE, PETAVOXEL_OBJECTS = 100_000, 10**9
PETAVOXEL_WORKERS, NODE_CORES = 1024, 64


@pytest.fixture(scope="module")
def figures(request: pytest.FixtureRequest) -> Iterator[list[Figure]]:
    """What the benchmarks of this file measure, printed at the end."""
    found: list[Figure] = []
    yield found
    show(request, found)


def noted(figures: list[Figure], *found: Figure) -> None:
    """Keep figures; raises `AssertionError` for one that misses its goal."""
    figures += found
    missed = [one for one in found if not one.is_met]
    assert not missed, missed


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
    """Truth and prediction by codec, chunks of 64 cubed, the cube's chunks linked to where they are repeated."""
    import zarr

    folder, found = tmp_path_factory.mktemp("volumes"), {}
    truth = cells((SIDE, SIDE, SIDE), 24)
    pred = np.roll(truth, 3, axis=2)
    for name in CODECS:
        for what, volume in (("truth", truth), ("pred", pred)):
            array = zarr.create_array(
                folder / f"{what}-{name}.zarr",
                shape=(SIDE * REPEATED, SIDE, SIDE),
                chunks=(CHUNK,) * 3,
                dtype=volume.dtype,
                compressors=codec(name),
            )
            array[:SIDE] = volume
            chunks = folder / f"{what}-{name}.zarr" / "c"
            for number in range(SIDE // CHUNK, REPEATED * SIDE // CHUNK):
                (chunks / str(number)).symlink_to(str(number % (SIDE // CHUNK)))
        found[name] = Images.named(str(folder / f"truth-{name}.zarr"), str(folder / f"pred-{name}.zarr"))
    return found


@contextmanager
def on_one_core() -> Iterator[None]:
    """Keep this process, and those that it starts, to one core: a process alone decodes with a bit of the others."""
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


@cache
def by_one_core_s(images: Images) -> float:
    with on_one_core():
        return best_s(lambda: table_by_processes(images, jobs=1), rounds=2)


def by_the_codec_s(images: Images, name: str) -> float:
    """Seconds in which one thread reads and decodes every chunk of the cube, and does nothing with it."""
    from numcodecs import blosc, zstd

    decode = zstd.Zstd().decode if name == "zstd" else blosc.decompress
    files = [file for image in (images.truth, images.pred) for file in sorted((Path(image) / "c").glob("?/*/*"))]
    files = [file for file in files if not file.parents[1].is_symlink()]
    assert len(files) == 2 * (SIDE // CHUNK) ** 3
    before, blosc.use_threads = blosc.use_threads, False
    try:
        return best_s(lambda: deque((decode(file.read_bytes()) for file in files), maxlen=0), rounds=6)
    finally:
        blosc.use_threads = before


def by_reading_s(images: Images) -> float:
    """Seconds in which one core reads every block of the cube as it is read to be counted."""
    from numcodecs import blosc

    blocks = images.blocks()
    cube = [region for region in blocks.regions[: (SIDE // CHUNK) ** 3] if region[0].stop <= SIDE]
    assert sum(math.prod(part.stop - part.start for part in region) for region in cube) == SIDE**3
    before, blosc.use_threads = blosc.use_threads, False
    try:
        with on_one_core():
            return best_s(lambda: deque(blocks.each(cube), maxlen=0), rounds=6)
    finally:
        blosc.use_threads = before


@pytest.mark.parametrize("name", CODECS)
def test_rate_of_counting_what_lies_on_disk(
    benchmark: BenchmarkFixture, stored: dict[str, Images], figures: list[Figure], name: str
) -> None:
    images = stored[name]
    alone_s = by_one_core_s(images)
    benchmark.pedantic(table_by_processes, (images,), {"jobs": CORES}, rounds=2)
    own_s, codec_s, read_s = benchmark.stats.stats.min, by_the_codec_s(images, name), by_reading_s(images)
    with ProcessPoolExecutor(CORES, mp_context=get_context("spawn")) as pool:
        beside_s = fmean(pool.map(by_the_codec_s, [images] * CORES, [name] * CORES))
    benchmark.extra_info["GB per s"] = BYTES / own_s / 1e9
    benchmark.extra_info["speed-up"] = alone_s / own_s
    noted(
        figures,
        Figure(f"{name}: decoded by the bare codec, one core", CUBE_BYTES / codec_s / 1e9, "GB/s"),
        Figure(f"{name}: speed-up of the bare codec on {CORES} cores", CORES * codec_s / beside_s, ""),
        Figure(f"{name}: read as it is to be counted, one core", CUBE_BYTES / read_s / 1e9, "GB/s"),
        at_least(f"{name}: the same over the bare codec", codec_s / read_s, "", SHARE_OF_THE_CODEC),
        Figure(f"{name}: {BYTES / 1e9:.0f} GB read and counted, one core", BYTES / alone_s / 1e9, "GB/s"),
        at_least(
            f"{name}: read and counted, {CORES} processes", BYTES / own_s / 1e9, "GB/s", CORES * GB_PER_S_OF_A_CORE
        ),
        at_least(f"{name}: {CORES} processes over one core", alone_s / own_s, "", CORES * SPEED_UP_OF_A_CORE),
    )


PEAK_BYTES = """
    def peak_bytes():  # what getrusage tells begins with the memory of the process that started this one
        lines = open("/proc/self/status").read().splitlines()
        return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
"""
PEAK = """
    import sys
    from harness.runner.blockwise import Images, count_part
    images = Images(sys.argv[1], sys.argv[2])
    blocks = images.blocks()
    numbers = range(int(len(blocks.regions) * float(sys.argv[3])))
    count_part(images, blocks.regions.block, numbers)
    print(peak_bytes())
"""


def program(text: str) -> str:
    return textwrap.dedent(PEAK_BYTES) + textwrap.dedent(text)


def test_memory_does_not_grow_with_voxels(
    benchmark: BenchmarkFixture, stored: dict[str, Images], figures: list[Figure]
) -> None:
    images = stored["zstd"]

    def peak(share: float) -> int:
        command = [sys.executable, "-c", program(PEAK), images.truth, images.pred, str(share)]
        return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)

    less, more = peak(1 / 128), benchmark.pedantic(peak, (1 / 16,), rounds=1)
    noted(
        figures,
        Figure(f"peak memory of a process that counts {BYTES / 16e9:.1f} GB", more / 1e6, "MB"),
        at_most("the same beside an eighth of it", more / less, "", MEMORY_RATIO),
    )


OBJECTS = """
    import sys, time
    import numpy as np
    import harness
    count = int(sys.argv[1])
    truth = np.repeat(np.arange(1, count + 1, dtype=np.uint32), 8)
    pred = np.roll(truth, 2)
    harness.score(pred[:100], truth[:100])
    start = time.perf_counter()
    scores = harness.score(pred, truth)
    assert scores["count.truth"] == count
    print(time.perf_counter() - start, peak_bytes())
"""


@pytest.mark.parametrize("count", [1_000_000, 10_000_000])
def test_every_overlap_metric_of_as_many_objects(
    benchmark: BenchmarkFixture, figures: list[Figure], count: int
) -> None:
    def run() -> list[float]:
        command = [sys.executable, "-c", program(OBJECTS), str(count)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return [float(word) for word in done.stdout.split()]

    seconds, peak = benchmark.pedantic(run, rounds=1)
    what = f"every overlap metric of {count:,} objects against as many"
    if count > 1_000_000:
        noted(figures, Figure(what, seconds, "s"), Figure(f"{what}: peak memory", peak / 1e9, "GB"))
    else:
        noted(
            figures,
            at_most(what, seconds, "s", MILLION_S),
            at_most(f"{what}: peak memory", peak / 1e9, "GB", MILLION_BYTES / 1e9),
        )


def pairs_of(count: int, start: int) -> LabelPairs:
    ids = np.stack([np.arange(start, start + count), np.arange(start, start + count) // 2], axis=1)
    return LabelPairs(ids.astype(np.uint64), np.ones(count, np.int64))


def test_a_petavoxel_on_paper(
    benchmark: BenchmarkFixture, stored: dict[str, Images], figures: list[Figure], tmp_path: Path
) -> None:
    import zarr

    parts = [pairs_of(1 << 18, number << 17) for number in range(16)]
    added(parts[:1])
    benchmark.pedantic(added, (parts,), rounds=3)
    pairs_per_s = sum(len(part.ids) for part in parts) / benchmark.stats.stats.min
    arrays = [
        zarr.create_array(tmp_path / name, shape=(PETAVOXEL_SIDE,) * 3, chunks=(CHUNK,) * 3, dtype="uint64")
        for name in ("truth", "pred")
    ]
    start_s = time.perf_counter()
    plan = CountingPlan.of(
        paired_blocks(*arrays),
        workers=PETAVOXEL_WORKERS,
        objects=PETAVOXEL_OBJECTS,
        bytes_per_s=BYTES / by_one_core_s(stored["zstd"]),
        pairs_per_s=pairs_per_s,
    )
    noted(
        figures,
        Figure("pairs of labels added, one core", pairs_per_s / 1e6, "million/s"),
        Figure("a petavoxel, two images of uint64, planned in", time.perf_counter() - start_s, "s"),
        Figure("its labels, uncompressed", plan.read_bytes / 1e15, "PB"),
        Figure(f"nodes of {NODE_CORES} cores count and add for", plan.node_hours(NODE_CORES), "node hours"),
        Figure(f"{PETAVOXEL_WORKERS} of its workers take", plan.wall_s / 3600, "h"),
        *(
            Figure(f"tree, level {number}: {level.tables:,} tables of", level.bytes_each / 1e6, "MB")
            for number, level in enumerate(plan.levels)
        ),
        Figure(f"its last sum, of {PETAVOXEL_OBJECTS:,} objects, takes", plan.levels[-1].seconds_each, "s"),
        Figure("memory of the machine that adds it", plan.levels[-1].memory_bytes / 1e9, "GB"),
    )
