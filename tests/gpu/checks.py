"""What must hold of networks on a GPU before any of them is trained: the guard of 32-bit indices, number formats."""

from __future__ import annotations

import numpy as np

from harness.stages.nets.build import build_network
from harness.stages.nets.compute import INDEX_LIMIT, Compute, choose, fits_on_gpu, forward_of
from harness.stages.nets.heads import sigmoid
from harness.stages.nets.networks import NetworkSpec
from tests.bench.bench_metrics import best_s

TIMED_TILE = (48, 96, 96)
FLOAT_TOLERANCE = 1e-5
"""How far probabilities in float32 may lie apart where layout and order of sums differ."""
TIMES_THE_ROUNDING = 1.5
"""How far probabilities of a device in half precision may lie from those in float32, in parts of how far those of the
CPU in the same format do: both round every map to the same bits, and only the order of sums differs."""


def guard_problems() -> list[str]:
    """Return what is wrong with the guard of maps whose elements a 32-bit index cannot count."""
    spec = NetworkSpec()
    network = build_network(NetworkSpec(f_maps=(2, 4), groups=1))
    how = Compute("cuda", "bfloat16", channels_last=True)
    if fits_on_gpu(network, spec, how, (368, 368, 368)):
        return ["a map of more than 2**31 elements passes for one that fits"]
    return []


def size_problems(device: str) -> list[str]:
    """Return what is wrong with the largest map that the guard lets pass; a CPU counts in 64 bits and is not asked."""
    if not device.startswith("cuda"):
        return []
    spec = NetworkSpec(f_maps=(2, 4), groups=1)
    side = max(side for side in range(64, 1024, 16) if spec.largest_map((side,) * 3) <= INDEX_LIMIT)
    how = choose(device, "auto", 3)
    network = how.place(build_network(spec).eval())
    if not fits_on_gpu(network, spec, how, (side,) * 3):
        return [f"a tile of {side} cubed, which a 32-bit index can count, does not fit on {device}"]
    tile = np.ones((1, side, side, side), np.float32)
    corner = (slice(-16, None),) * 3
    found = forward_of(network, how, sigmoid)(tile, corner)
    return [] if np.isfinite(found).all() else [f"the last voxels of a tile of {side} cubed are not finite on {device}"]


def precision_seconds(device: str) -> dict[str, float]:
    """Return the seconds of a prediction of one tile by the published network, by number format.

    The format is that which the device has by itself, beside float32.
    """
    tile = np.random.default_rng(0).standard_normal((1, *TIMED_TILE), dtype=np.float32)
    whole = (slice(None),) * 3
    found = {}
    for precision in ("float32", choose(device, "auto", 3).precision):
        how = choose(device, precision, 3)  # type: ignore[arg-type]
        forward = forward_of(how.place(build_network(NetworkSpec()).eval()), how, sigmoid)
        forward(tile, whole)
        found[precision] = best_s(lambda forward=forward: forward(tile, whole), rounds=3)  # type: ignore[misc]
    return found


def precision_problems(device: str) -> list[str]:
    """Return what is wrong with the number format that a device is given by itself, beside float32 on the CPU.

    Half precision may differ from it as the CPU's does in the same format, with the same weights.
    """
    how = choose(device, "auto", 3)
    problems = []
    if device.startswith("cuda") and how.precision not in ("bfloat16", "float16"):
        problems.append(f"{device} computes in {how.precision}; expected half precision")
    network = build_network(NetworkSpec()).eval()
    tile = np.random.default_rng(0).standard_normal((1, 16, 16, 16), dtype=np.float32)
    whole = (slice(None),) * 3
    on_cpu = {
        precision: forward_of(network, Compute("cpu", precision, channels_last=False), sigmoid)(tile, whole)
        for precision in dict.fromkeys(("float32", how.precision))
    }
    rounding = float(np.abs(on_cpu[how.precision] - on_cpu["float32"]).max())
    found = forward_of(how.place(network), how, sigmoid)(tile, whole)
    worst = float(np.abs(found - on_cpu["float32"]).max())
    if worst > max(FLOAT_TOLERANCE, TIMES_THE_ROUNDING * rounding):
        problems.append(
            f"{how.precision} on {device} differs by {worst:.3g} from float32 on the CPU; "
            f"{how.precision} there by {rounding:.3g}"
        )
    return problems
