"""Prediction in tiles with real context: pad the volume once, cut, predict, drop the halo, average overlaps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod

import numpy as np

from harness.errors import ParameterError
from harness.stages.nets.halo import round_up

Forward = Callable[[np.ndarray, tuple[slice, ...]], np.ndarray]
"""Predict a tile (C, (Z) Y X) float32 and return its core, the given part of the spatial axes, (K, (Z) Y X) float32."""


@dataclass(frozen=True, slots=True)
class Tiling:
    """Where the tiles of a volume lie; all in pixels, per spatial axis.

    `starts` are the first pixels of the cores on the volume's grid; a core is `patch` long and its tile reaches `halo`
    further on both sides. The last core may reach over the end of the volume by less than `multiple`.
    """

    shape: tuple[int, ...]
    patch: tuple[int, ...]
    halo: tuple[int, ...]
    starts: tuple[tuple[int, ...], ...]

    @property
    def padding(self) -> tuple[tuple[int, int], ...]:
        """Pixels to add in front of and behind the volume."""
        ends = (first[-1] + size for first, size in zip(self.starts, self.patch, strict=True))
        return tuple((h, h + end - n) for h, end, n in zip(self.halo, ends, self.shape, strict=True))

    @property
    def tile_shape(self) -> tuple[int, ...]:
        """What the network sees of each tile."""
        return tuple(size + 2 * step for size, step in zip(self.patch, self.halo, strict=True))

    def __iter__(self) -> Iterator[tuple[int, ...]]:
        return product(*self.starts)

    def __len__(self) -> int:
        return int(np.prod([len(first) for first in self.starts]))

    def visits(self, axis: int) -> np.ndarray:
        """Return how many cores cover each pixel of an axis, int64; a voxel's count is the product over the axes."""
        count = np.zeros(self.shape[axis], dtype=np.int64)
        for start in self.starts[axis]:
            count[start : start + self.patch[axis]] += 1
        return count


def plan_tiles(
    shape: Sequence[int], patch: Sequence[int], halo: Sequence[int], *, stride_ratio: float, multiple: int
) -> Tiling:
    """Return the tiles of a volume.

    Axes that one patch covers get a single core without a halo. Halos are rounded up and patches and strides down to
    `multiple`, the step of the network's coarsest level, so that every tile pools the same pixels as the whole volume
    would. `stride_ratio` is the distance of two cores as a fraction of the patch, in (0, 1].
    Raises `ParameterError` for a patch or ratio that cannot tile.
    """
    if not 0 < stride_ratio <= 1 or min(patch) < 1 or min(halo) < 0:
        raise ParameterError(
            f"patch {tuple(patch)}, halo {tuple(halo)}, stride ratio {stride_ratio} cannot tile; "
            "accepted: patches of at least 1, halos of at least 0, a ratio in (0, 1]"
        )
    axes = [_axis(*sizes, stride_ratio, multiple) for sizes in zip(shape, patch, halo, strict=True)]
    return Tiling(tuple(shape), tuple(a[0] for a in axes), tuple(a[1] for a in axes), tuple(a[2] for a in axes))


def fitting_tiles(plan: Tiling, replan: Callable[[tuple[int, ...]], Tiling], fits: Callable[[Tiling], bool]) -> Tiling:
    """Return a plan whose tiles fit: cores are halved along the axis that leaves the smallest tile until they do.

    `replan` plans with another core. Raises `ParameterError` if the halo alone is too large.
    """
    while not fits(plan):
        halves = [
            tuple(n // 2 if i == axis else n for i, n in enumerate(plan.patch)) for axis in range(len(plan.patch))
        ]
        smallest = min((replan(half) for half in halves if min(half) > 0), key=_voxels, default=plan)
        if _voxels(smallest) >= _voxels(plan):
            raise ParameterError(
                f"tiles of {plan.tile_shape} are too large, with a halo of {plan.halo}; accepted: less"
            )
        plan = smallest
    return plan


def _voxels(plan: Tiling) -> int:
    return prod(plan.tile_shape)


def _axis(length: int, patch: int, halo: int, stride_ratio: float, multiple: int) -> tuple[int, int, tuple[int, ...]]:
    if patch >= length:
        return round_up(length, multiple), 0, (0,)
    core = max(patch // multiple, 1) * multiple
    stride = max(int(core * stride_ratio) // multiple, 1) * multiple
    last = round_up(max(length - core, 0), multiple)
    starts = (*range(0, last, stride), last)
    return core, round_up(halo, multiple), starts


def predict_tiled(forward: Forward, image: np.ndarray, tiling: Tiling, *, channels: int) -> np.ndarray:
    """Return the prediction for an image (C, (Z) Y X) as float32 (channels, (Z) Y X).

    Overlaps are averaged with equal weight. The volume's borders are continued by reflection; everywhere else the halo
    is the true neighbourhood.

    With batch norm or no norm and the halo of `tile_halo` this equals one pass over the volume away from its borders.
    Group norm takes its statistics from the tile, so that tiles of another size give other probabilities: no halo
    mends that.
    """
    padded = np.pad(image, ((0, 0), *tiling.padding), mode="reflect")
    result = np.zeros((channels, *tiling.shape), dtype=np.float32)
    core = tuple(slice(h, h + size) for h, size in zip(tiling.halo, tiling.patch, strict=True))
    for start in tiling:
        tile = tuple(slice(first, first + size) for first, size in zip(start, tiling.tile_shape, strict=True))
        predicted = forward(padded[:, *tile], core)
        inside = tuple(
            slice(first, min(first + size, length))
            for first, size, length in zip(start, tiling.patch, tiling.shape, strict=True)
        )
        kept = tuple(slice(0, part.stop - part.start) for part in inside)
        result[:, *inside] += predicted[:, *kept]
    for axis in range(len(tiling.shape)):
        visits = tiling.visits(axis)
        if visits.max() > 1:
            along = [1] * result.ndim
            along[axis + 1] = -1
            result /= visits.astype(np.float32).reshape(along)
    return result
