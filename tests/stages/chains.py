"""Running stages by hand: a chain of (id, parameters) on volumes, with every check a run makes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import h5py
import numpy as np

from harness.model import Volume
from harness.registry import Registry, add_module_stages
from harness.stages.chain import checked_outputs
from harness.stages.contract import Context, Stage

GROUPS = ("boundary", "classical", "controls", "embedding", "intensity", "multihead", "resample", "surface", "video")


@cache
def stages() -> Registry:
    """Return the stages of the groups that need no network library."""
    registry = Registry("stage")
    for group in GROUPS:
        package = import_module(f"harness.stages.{group}")
        for module in iter_modules(package.__path__, f"{package.__name__}."):
            add_module_stages(registry, import_module(module.name), module.name)
    return registry


def make(stage: str, **parameters: Any) -> Stage:
    made = stages().get(stage)(parameters)
    assert isinstance(made, Stage)
    return made


def context(volume: Volume, *, seed: int = 0) -> Context:
    return Context(grid=volume.grid, seed=seed, scratch=Path("unused"))


def run(chain: Sequence[Stage], slots: Mapping[str, Volume], *, seed: int = 0) -> dict[str, Volume]:
    """Return every slot after the chain; inputs are compared with copies to see that nobody changed them."""
    present = dict(slots)
    settings = context(next(iter(slots.values())), seed=seed)
    before = {slot: volume.array.copy() for slot, volume in slots.items()}
    for stage in chain:
        stage.load(settings)
        inputs = {slot: present[slot] for slot in stage.reads()}
        present.update(checked_outputs(stage, inputs, stage.run(inputs, settings), settings.grid))
    for slot, array in before.items():
        np.testing.assert_array_equal(slots[slot].array, array)
    return present


def labels_of(chain: Sequence[Stage], slots: Mapping[str, Volume], *, seed: int = 0) -> np.ndarray:
    return run(chain, slots, seed=seed)["labels"].array


def image(array: np.ndarray, spacing: tuple[float, ...] | None = None, channels: tuple[str, ...] = ("raw",)) -> Volume:
    axes = {2: "YX", 3: "ZYX"}[array.ndim - (len(channels) > 1)]
    return Volume(array, ("C" if len(channels) > 1 else "") + axes, spacing, channels)


def probability(
    boundary: np.ndarray, foreground: np.ndarray | None = None, spacing: tuple[float, ...] | None = None
) -> Volume:
    planes = [boundary] if foreground is None else [foreground, boundary]
    names = ("boundary",) if foreground is None else ("foreground", "boundary")
    return Volume(np.stack(planes).astype(np.float32), "C" + "ZYX"[-boundary.ndim :], spacing, names)


def labels(array: np.ndarray, spacing: tuple[float, ...] | None = None) -> Volume:
    return Volume(array, "ZYX"[-array.ndim :], spacing)


def same_partition(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether two label images are equal up to the names of the objects, 0 included as a name."""
    pairs = np.unique(np.stack([one.ravel().astype(np.int64), other.ravel().astype(np.int64)]), axis=1)
    return pairs.shape[1] == len(np.unique(one)) == len(np.unique(other))


def walls(shape: tuple[int, ...], cells: int, seed: int, *, noise: float = 0.05) -> tuple[np.ndarray, np.ndarray]:
    """Return a seeded map of cell walls (float32, [0, 1]) and the cells (uint32, no 0), drawn at half resolution."""
    from scipy.ndimage import distance_transform_edt, gaussian_filter

    rng = np.random.default_rng(seed)
    half = tuple(-(-length // 2) for length in shape)
    points = np.zeros(half, dtype=np.uint32)
    points.flat[rng.choice(points.size, cells, replace=False)] = np.arange(1, cells + 1)
    nearest = distance_transform_edt(points == 0, return_distances=False, return_indices=True)
    tissue = points[tuple(nearest)]
    for axis in range(len(shape)):
        tissue = np.repeat(tissue, 2, axis=axis)
    tissue = tissue[tuple(slice(0, length) for length in shape)]
    wall = np.zeros(shape, dtype=np.float32)
    for axis in range(len(shape)):
        moved, side = np.moveaxis(wall, axis, 0), np.moveaxis(tissue, axis, 0)
        differ = side[1:] != side[:-1]
        moved[1:][differ] = 1
        moved[:-1][differ] = 1
    wall = gaussian_filter(wall, 1) + rng.normal(0, noise, shape).astype(np.float32)
    return np.clip(wall, 0, 1), tissue


def discs(
    shape: tuple[int, ...], *, spacing: float = 24, radius: float = 8, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Return a noisy image (float32) of bright balls on a lattice and their labels."""
    rng = np.random.default_rng(seed)
    grid = np.indices(shape)
    away = sum((axis % spacing - spacing / 2) ** 2 for axis in grid)
    inside = away <= radius**2
    number = np.zeros(shape, dtype=np.int64)
    for axis, length in zip(grid, shape, strict=True):
        number = number * (int(length // spacing) + 1) + (axis // spacing).astype(np.int64)
    truth = np.where(inside, number + 1, 0).astype(np.uint16)
    return (50 + 100 * inside + rng.normal(0, 5, shape)).astype(np.float32), truth


def fibsem(local_data: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return the boundary prediction (float32) and the neurites (uint16) of the FIB-SEM training block."""
    with h5py.File(local_data / "fibsem-gala-train" / "train.h5") as file:
        return file["boundary_prediction"][()], file["label"][()]
