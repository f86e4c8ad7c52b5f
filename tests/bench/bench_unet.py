"""Benchmarks of the U-Net stage: tiled prediction against one forward pass, per voxel that the network sees."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import torch
from pytest_benchmark.fixture import BenchmarkFixture

from harness.stages.unet.compute import choose, forward_of
from harness.stages.unet.halo import tile_halo
from harness.stages.unet.networks import NetworkSpec, build_network
from harness.stages.unet.tiling import plan_tiles, predict_tiled

SPEC = NetworkSpec(f_maps=(8, 16, 32), order="bcr")
SHAPE = (64, 160, 160)
PATCH = (64, 80, 80)
ROUNDS = 3


def fastest_s(call: Callable[[], object]) -> float:
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        call()
        times.append(time.perf_counter() - started)
    return min(times)


def test_tiled_prediction_against_one_pass(benchmark: BenchmarkFixture) -> None:
    """The tiles may cost the voxels of their halos and at most a tenth on top."""
    how = choose("cpu", "auto", SPEC.ndim)
    torch.manual_seed(0)
    forward = forward_of(how.place(build_network(SPEC)).eval(), how)
    halo = tile_halo(SPEC)
    image = np.random.default_rng(0).standard_normal((1, *SHAPE), dtype=np.float32)
    tiling = plan_tiles(SHAPE, PATCH, (halo,) * 3, stride_ratio=1.0, multiple=SPEC.multiple)
    seen = len(tiling) * float(np.prod(tiling.tile_shape))
    whole_s = fastest_s(lambda: forward(image, (slice(None),) * 3))
    benchmark.pedantic(
        predict_tiled, args=(forward, image, tiling), kwargs={"channels": 2}, rounds=ROUNDS, iterations=1
    )
    tiled_s = benchmark.stats.stats.min
    share = seen / np.prod(SHAPE)
    benchmark.extra_info.update(
        whole_ns_per_voxel=1e9 * whole_s / float(np.prod(SHAPE)),
        tiled_ns_per_voxel=1e9 * tiled_s / float(np.prod(SHAPE)),
        halo_share=float(share),
        ratio=tiled_s / whole_s,
        ratio_without_halo=tiled_s / whole_s / float(share),
    )
