"""Benchmarks of the U-Net stage: tiled prediction against one forward pass, per voxel that the network sees.

`pytest tests/bench/bench_unet.py --benchmark-only`
"""

from __future__ import annotations

import os
import time

import numpy as np
import torch
from pytest_benchmark.fixture import BenchmarkFixture

from harness.stages.unet.compute import choose, forward_of, torch_threads
from harness.stages.unet.halo import tile_halo
from harness.stages.unet.networks import NetworkSpec, build_network
from harness.stages.unet.tiling import plan_tiles, predict_tiled

SPEC = NetworkSpec(f_maps=(8, 16, 32), order="bcr")
SHAPE = (32, 192, 192)
PATCH = (32, 96, 96)
ROUNDS = 7
MOST = 1.1


def test_tiled_prediction_against_one_pass(benchmark: BenchmarkFixture) -> None:
    """What tiling costs beyond the voxels of the halos stays below a tenth.

    Both are timed in turn, so that whatever else the machine does meets both; the fastest of each counts.
    """
    how = choose("cpu", "auto", SPEC.ndim)
    torch.manual_seed(0)
    forward = forward_of(how.place(build_network(SPEC)).eval(), how)
    image = np.random.default_rng(0).standard_normal((1, *SHAPE), dtype=np.float32)
    tiling = plan_tiles(SHAPE, PATCH, (tile_halo(SPEC),) * 3, stride_ratio=1.0, multiple=SPEC.multiple)
    whole_s: list[float] = []

    def one_pass() -> None:
        started = time.perf_counter()
        forward(image, (slice(None),) * 3)
        whole_s.append(time.perf_counter() - started)

    def tiles() -> np.ndarray:
        return predict_tiled(forward, image, tiling, channels=2)

    with torch_threads(os.cpu_count() or 1):
        benchmark.pedantic(tiles, setup=one_pass, rounds=ROUNDS, warmup_rounds=1, iterations=1)
    voxels = float(np.prod(SHAPE))
    share = len(tiling) * float(np.prod(tiling.tile_shape)) / voxels
    ratio = benchmark.stats.stats.min / min(whole_s)
    benchmark.extra_info.update(
        whole_ns_per_voxel=1e9 * min(whole_s) / voxels,
        tiled_ns_per_voxel=1e9 * benchmark.stats.stats.min / voxels,
        voxels_seen_per_voxel=share,
        ratio=ratio,
        ratio_per_voxel_seen=ratio / share,
    )
    assert ratio / share < MOST
