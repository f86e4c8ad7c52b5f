"""Benchmarks of the U-Net stage: tiled prediction against one forward pass, per voxel that the network sees.

`pytest tests/bench/bench_unet.py --benchmark-only`
"""

from __future__ import annotations

import time
from statistics import median

import numpy as np
import pytest
import torch
from pytest_benchmark.fixture import BenchmarkFixture

from harness.stages.nets.build import build_network
from harness.stages.nets.compute import choose, forward_of, torch_threads
from harness.stages.nets.halo import tile_halo
from harness.stages.nets.heads import sigmoid
from harness.stages.nets.networks import NetworkSpec
from harness.stages.nets.tiling import plan_tiles, predict_tiled

CASES = {
    "batch norm": (NetworkSpec(f_maps=(8, 16, 32), order="bcr"), (32, 192, 192), (32, 96, 96)),
    "published": (NetworkSpec(), (16, 256, 128), (16, 128, 128)),
}
"""A network, the shape of a volume and the core of its tiles, whose tiles with their halos are smaller than the volume.

The published network is the stage's default.
"""

ROUNDS = 7
MOST = 1.1


@pytest.mark.benchmark(timer=time.process_time)
@pytest.mark.parametrize("case", CASES)
def test_tiled_prediction_against_one_pass(benchmark: BenchmarkFixture, case: str) -> None:
    """What tiling costs beyond the voxels of the halos stays below a tenth.

    The bound is on work, so the processor time of one thread is compared: it does not run while other processes have
    the core, whereas threads that wait for one another would stretch both the wall time and, spinning, the processor
    time. What is left of a load are shared caches and clock rates: both sides are timed in turn, and the median of the
    ratios of neighbours counts.
    """
    spec, shape, patch = CASES[case]
    how = choose("cpu", "auto", spec.ndim)
    torch.manual_seed(0)
    forward = forward_of(how.place(build_network(spec)).eval(), how, sigmoid)
    image = np.random.default_rng(0).standard_normal((1, *shape), dtype=np.float32)
    tiling = plan_tiles(shape, patch, (tile_halo(spec),) * 3, stride_ratio=1.0, multiple=spec.multiple)
    whole_s: list[float] = []

    def one_pass() -> None:
        started = time.process_time()
        forward(image, (slice(None),) * 3)
        whole_s.append(time.process_time() - started)

    def tiles() -> np.ndarray:
        return predict_tiled(forward, image, tiling, channels=2)

    with torch_threads(1):
        one_pass()
        tiles()
        whole_s.clear()
        benchmark.pedantic(tiles, setup=one_pass, rounds=ROUNDS, iterations=1)
    voxels = float(np.prod(shape))
    share = len(tiling) * float(np.prod(tiling.tile_shape)) / voxels
    pairs = list(zip(benchmark.stats.stats.data, whole_s, strict=True))
    ratios = [tiled / whole for tiled, whole in pairs]
    benchmark.extra_info.update(
        whole_ns_per_voxel=1e9 * median(whole for _, whole in pairs) / voxels,
        tiled_ns_per_voxel=1e9 * median(tiled for tiled, _ in pairs) / voxels,
        voxels_seen_per_voxel=share,
        ratio=median(ratios),
        ratio_per_voxel_seen=median(ratios) / share,
        ratios_per_voxel_seen=[ratio / share for ratio in ratios],
    )
    assert median(ratios) / share < MOST
