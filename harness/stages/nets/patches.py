"""The largest patch that fits in memory, and the patch and halo to use for a volume (thesis section 3.2.3)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import pow, prod
from typing import Literal, get_args

from harness.errors import BackendError, ParameterError
from harness.stages.nets.networks import NetworkSpec

STEP = 16
RANGE_3D = (2, 50)
START_2D, STRIDE_2D = 200, 20
CPU_PATCH = {2: (1024, 1024), 3: (256, 256, 256)}
"""What is taken for feasible on a CPU when no memory limit is stated."""
PatchRule = Literal["code", "printed"]
RULES: tuple[PatchRule, ...] = get_args(PatchRule)


def feasible_patch(fits: Callable[[tuple[int, ...]], bool], ndim: int) -> tuple[int, ...]:
    """Return the largest patch for which `fits` holds, isotropic with sides that are multiples of 16.

    3D: binary search over 16n, n in [2, 50]. 2D: n from 200 downwards in steps of 20.
    Raises `BackendError` if not even the smallest fits.
    """
    best = 0
    if ndim == 3:
        low, high = RANGE_3D
        while low <= high:
            middle = (low + high) // 2
            if fits((STEP * middle,) * ndim):
                best, low = middle, middle + 1
            else:
                high = middle - 1
    else:
        tried = range(START_2D, 0, -STRIDE_2D)
        best = next((count for count in tried if fits((STEP * count,) * ndim)), 0)
    if not best:
        smallest = STEP * (RANGE_3D[0] if ndim == 3 else STRIDE_2D)
        raise BackendError(f"not even a patch of {smallest} pixels per axis fits in memory")
    return (STEP * best,) * ndim


def prediction_bytes(spec: NetworkSpec, shape: Sequence[int]) -> int:
    """Return an estimate of the peak memory of a float32 forward pass without gradients.

    At the level where most is alive these are: the skip connections of the finer levels and this one, the up-sampled
    map, both concatenated, the concatenation normalised, and the first convolution's output.
    """
    alive = 0.0
    skips = float(spec.in_channels)
    for level, (fine, coarse) in enumerate(zip(spec.f_maps, (*spec.f_maps[1:], 0), strict=True)):
        share = 1 / (1 << spec.ndim * level)
        working = 2 * (fine + coarse) + coarse + fine
        skips += fine * share
        alive = max(alive, skips + working * share)
    return int(4 * alive * prod(shape))


def patch_and_halo(
    volume: Sequence[int], feasible: Sequence[int], halo: Sequence[int], *, rule: str = "code"
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the patch (without halo) and the halo per side for a volume, given the feasible network input.

    Axes on which the feasible patch is larger than the volume become the whole axis without a halo, and what they
    saved is shared equally among the others. `rule` "code" keeps the number of voxels (a product) and subtracts the
    halo on both sides; "printed" is thesis algorithm 2 to the letter: it adds the sides up, counts an equal side as
    covered, wants more than the volume's sum for a single patch, and subtracts the halo once.
    Where the patch would drop below one pixel the axis keeps its side and has no halo.
    Raises `ParameterError` for an unknown rule or a rule whose patch has no pixels.
    """
    if rule not in RULES:
        raise ParameterError(f"patch rule '{rule}'; accepted: {', '.join(RULES)}")
    printed = rule == "printed"
    size: Callable[[Sequence[int]], int] = sum if printed else prod
    if size(feasible) > size(volume) or (not printed and size(feasible) == size(volume)):
        return tuple(volume), (0,) * len(volume)
    covered = [b > a or (printed and b == a) for a, b in zip(volume, feasible, strict=True)]
    sides = _shared(volume, feasible, covered, size(feasible))
    if min(sides) < 1:
        raise ParameterError(f"patch rule '{rule}' gives the patch {sides} for the volume {tuple(volume)}")
    times = 1 if printed else 2
    margins = [0 if whole else step for whole, step in zip(covered, halo, strict=True)]
    kept = [step if side - times * step >= 1 else 0 for side, step in zip(sides, margins, strict=True)]
    return tuple(side - times * step for side, step in zip(sides, kept, strict=True)), tuple(kept)


def _shared(volume: Sequence[int], feasible: Sequence[int], covered: Sequence[bool], budget: int) -> tuple[int, ...]:
    open_axes = covered.count(False)
    if open_axes in (0, len(covered)):
        return tuple(min(a, b) for a, b in zip(volume, feasible, strict=True))
    share = budget // prod(a for a, whole in zip(volume, covered, strict=True) if whole)
    side = _root(share, open_axes)
    return tuple(a if whole else side for a, whole in zip(volume, covered, strict=True))


def _root(value: int, degree: int) -> int:
    root = round(pow(value, 1.0 / degree))
    while prod([root] * degree) > value:
        root -= 1
    return root
