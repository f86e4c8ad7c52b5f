"""From an image to the tensor that a described model takes: its axes, its sizes, and how an image is cut for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from harness.errors import DataError
from harness.model import Grid
from harness.stages.foreign.package import Package
from harness.stages.nets.tiling import Tiling

UM = {"micrometer": 1.0, "nanometer": 1e-3, "millimeter": 1e3}
"""Units of a description in micrometres."""


@dataclass(frozen=True, slots=True)
class Layout:
    """What a model takes and gives, for images of some axes.

    axes      ids of the input's axes in its order
    spatial   those that are axes of the image, in the image's order ("z", "y", "x")
    channels  how many channels it takes; 1 where it has no such axis
    batch     id of the batch axis, "" without one
    channel   id of the channel axis, "" without one
    halo      pixels on either side of an output that are to be cropped, per spatial axis
    """

    axes: tuple[str, ...]
    spatial: tuple[str, ...]
    channels: int
    batch: str
    channel: str
    halo: tuple[int, ...]


def layout_of(package: Package, output: Any, grid: Grid, channels: int) -> Layout:
    """Return how a model takes images of a grid.

    Raises `DataError` for a model with axes of time or indices, with other spatial axes than the image, for another
    number of channels, and for an output that does not lie on the grid of the input.
    """
    described = package.input.axes
    kinds = {str(axis.id): axis.type for axis in described}
    found = " ".join(f"{name} ({kind})" for name, kind in kinds.items())
    spatial = tuple(grid.axes.lower())
    other = [kind for kind in kinds.values() if kind not in ("batch", "channel", "space")]
    if other or {name for name, kind in kinds.items() if kind == "space"} != set(spatial):
        raise DataError(
            f"{package.where}: the model takes the axes {found}; accepted for an image with axes {grid.axes}: "
            f"batch, channel, {', '.join(spatial)}"
        )
    named = {kind: name for name, kind in kinds.items() if kind != "space"}
    taken = next((len(axis.channel_names) for axis in described if axis.type == "channel"), 1)
    if channels != taken:
        raise DataError(f"{package.where}: the image has {channels} channels; the model takes {taken}")
    halo = _halo(package, output, spatial)
    return Layout(tuple(kinds), spatial, taken, named.get("batch", ""), named.get("channel", ""), halo)


def _halo(package: Package, output: Any, spatial: Sequence[str]) -> tuple[int, ...]:
    inputs = {str(axis.id): axis for axis in package.input.axes}
    axes = {str(axis.id): axis for axis in output.axes}
    for name in spatial:
        axis = axes.get(name)
        size: Any = getattr(axis, "size", None)
        same = getattr(size, "tensor_id", None) == package.input.id and getattr(size, "axis_id", "") == name
        if axis is not None and same and axis.scale == inputs[name].scale and not size.offset:
            continue
        if isinstance(size, int) and size == inputs[name].size:
            continue
        raise DataError(
            f"{package.where}: output '{output.id}' does not have the size of the input along {name}; "
            "accepted: outputs on the grid of the image"
        )
    return tuple(int(getattr(axes[name], "halo", 0)) for name in spatial)


def check_spacing(package: Package, grid: Grid, tolerance: float) -> None:
    """Raise `DataError` unless voxels have the size that the description states, within a relative tolerance.

    Axes of which the description states no physical unit are not compared; an image whose spacing is unknown cannot be.
    """
    for axis in package.input.axes:
        if axis.type != "space" or axis.unit not in UM:
            continue
        wanted = axis.scale * UM[axis.unit]
        if grid.spacing_um is None:
            raise DataError(
                f"{package.where}: the model was made for {wanted:g} um along {axis.id}, and the voxel spacing of the "
                "image is unknown; accepted: data with a spacing in micrometres"
            )
        found = grid.spacing_um[grid.axes.lower().index(str(axis.id))]
        if abs(found - wanted) > tolerance * wanted:
            raise DataError(
                f"{package.where}: voxels of {found:g} um along {axis.id}; the model was made for {wanted:g} um; "
                "accepted: that, as 'to-spacing' makes it"
            )


def tiles_of(package: Package, layout: Layout, shape: Sequence[int], largest: int) -> Tiling:
    """Return how an image is cut for a model: every tile has a size that the description accepts, halo included.

    Axes of a stated size have it; those with a least size and a step have the smallest that holds the image, at most
    about `largest` pixels; the format sees to it that a halo leaves something of either. Cores lie side by side; the
    last may reach over the end of the image.
    """
    sizes = _sizes(package, layout, shape, largest)
    patch = tuple(size - 2 * halo for size, halo in zip(sizes, layout.halo, strict=True))
    starts = tuple(tuple(range(0, length, core)) for length, core in zip(shape, patch, strict=True))
    return Tiling(tuple(shape), patch, layout.halo, starts)


def _sizes(package: Package, layout: Layout, shape: Sequence[int], largest: int) -> tuple[int, ...]:
    asked = {}
    for axis in package.input.axes:
        if axis.type == "space" and hasattr(axis.size, "get_n"):
            at = layout.spatial.index(str(axis.id))
            wanted = shape[at] + 2 * layout.halo[at]
            most = max((largest - axis.size.min) // axis.size.step, 0)
            asked[package.input.id, axis.id] = min(max(axis.size.get_n(wanted), 0), most)
    sizes = package.descr.get_tensor_sizes(asked, batch_size=1).inputs[package.input.id]
    return tuple(int(sizes[name]) for name in layout.spatial)
