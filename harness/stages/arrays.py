"""What stages ask of the volumes they are given, and how they hand labels back."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from harness.errors import DataError, nearest
from harness.model import Grid, Volume
from harness.stages.examples import channels_first, consecutive


def channel_of(volume: Volume, name: str, where: str) -> np.ndarray:
    """Return one channel as float32 with axes (Z)YX; an empty `name` means the only channel.

    Raises `DataError` for an unknown name, several channels with no name given, an empty image and values that
    are not finite.
    """
    array = channels_first(volume, where)
    if not name:
        if len(array) != 1:
            raise DataError(f"{where}: the image has {len(array)} channels ({', '.join(volume.channels)}); name one")
        return np.asarray(array[0])
    if name not in volume.channels:
        raise DataError(f"{where}: the image has no channel '{name}'{nearest(name, volume.channels)}")
    return np.asarray(array[volume.channels.index(name)])


def spacing_of(grid: Grid, where: str) -> tuple[float, ...]:
    """Return the spacing in micrometres per axis; raises `DataError` if the data does not state it."""
    if grid.spacing_um is None:
        raise DataError(f"{where}: the voxel spacing is unknown; accepted: data with a spacing in micrometres")
    return grid.spacing_um


def sigma_per_axis(sigma: float, unit: str, grid: Grid, where: str) -> tuple[float, ...]:
    """Return a standard deviation per axis in voxels of that axis.

    `unit` "um" is physical and needs a spacing. `unit` "px" counts voxels of the finest axis: on an anisotropic grid
    the coarse axes are smoothed by proportionally fewer voxels, on a grid of unknown spacing all axes alike.
    """
    if unit == "um":
        return tuple(sigma / step for step in spacing_of(grid, where))
    return tuple(sigma / ratio for ratio in grid.anisotropy)


def require_same_grid(inputs: Mapping[str, Volume], where: str) -> None:
    """Raise `DataError` unless all inputs have the same spatial shape."""
    shapes = {slot: volume.grid.shape for slot, volume in inputs.items()}
    if len(set(shapes.values())) > 1:
        found = ", ".join(f"{slot} {shape}" for slot, shape in shapes.items())
        raise DataError(f"{where}: the inputs lie on different grids: {found}; resample all of them or none")


def labels_on(array: np.ndarray, like: Volume) -> Volume:
    """Return a label array as a volume on the spatial grid of `like`."""
    return Volume(array, like.grid.axes, like.spacing_um)


def drop_small(labels: np.ndarray, minimum: int) -> np.ndarray:
    """Return labels (ids 0 … n, 0 background) as uint32 without objects below `minimum` voxels, ids consecutive."""
    sizes = np.bincount(labels.ravel(), minlength=1)
    keep = sizes >= max(minimum, 1)
    keep[0] = False
    numbers = np.cumsum(keep, dtype=np.uint32)
    kept: np.ndarray = np.where(keep, numbers, 0).astype(np.uint32)[labels]
    return kept


def compact(labels: np.ndarray) -> np.ndarray:
    """Return labels (any unsigned or non-negative integers) as uint32 with ids 1 … n in the old order; 0 stays 0."""
    highest = int(labels.max(initial=0))
    if highest > 4 * labels.size + 1024:
        return consecutive(labels).astype(np.uint32)
    present = np.zeros(highest + 1, dtype=bool)
    present[labels.ravel()] = True
    present[0] = False
    numbers: np.ndarray = np.where(present, np.cumsum(present), 0).astype(np.uint32)[labels]
    return numbers
