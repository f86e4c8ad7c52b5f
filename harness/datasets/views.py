"""Views of samples: planes of a volume as 2D samples, and arrays brought to a fixed size."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from harness.datasets.declared.declaration import Planes, PlaneSample, SampleDeclaration
from harness.datasets.kinds import Crop
from harness.errors import DataError
from harness.model import Volume

RESIZE_VERSION = 1
"""Part of the hash of resized samples: to be raised when resizing would give other values."""

UNBOUNDED = (0, 1 << 62)
"""The interval of an axis that a plane has whole, whatever its size."""


@dataclass(frozen=True, slots=True)
class View:
    """How a sample comes from a whole one: the crop, then one index of an axis, then the size it is brought to.

    `axis` is the position of the plane's axis among the spatial axes of the source, None where no plane is taken.
    """

    crop: Crop = ()
    axis: int | None = None
    index: int = 0
    resize: tuple[int, ...] = ()

    def identity(self) -> list[object]:
        """Return JSON that determines the view, beside the content of its source."""
        parts: list[object] = [[list(interval) for interval in self.crop]]
        if self.axis is not None:
            parts.append({"plane": [self.axis, self.index]})
        if self.resize:
            parts.append({"resize": list(self.resize), "version": RESIZE_VERSION})
        return parts

    @property
    def is_lossy(self) -> bool:
        """Whether objects may get lost: a plane or another size, of which no count is declared."""
        return self.axis is not None or bool(self.resize)

    def at(self, shape: tuple[int, ...]) -> View:
        """Return the view with the plane as a crop, so that no more than it is read, if the source's shape is known."""
        if self.axis is None or not (self.crop or shape):
            return self
        box = list(self.crop or ((0, size) for size in shape))
        start, stop = box[self.axis]
        if start + self.index >= stop:
            raise DataError(f"plane {self.index} lies outside an axis of size {stop - start}")
        box[self.axis] = (start + self.index, start + self.index + 1)
        return replace(self, crop=tuple(box), index=0)

    def apply(self, volume: Volume, *, is_label: bool) -> Volume:
        """Return the plane, resized, of a volume that is cropped already."""
        if self.axis is not None:
            volume = _plane(volume, self.axis, self.index)
        return resized(volume, self.resize, is_label=is_label) if self.resize else volume


def plane_samples(name: str, sample: SampleDeclaration, planes: Planes, axes: str) -> Iterator[tuple[str, PlaneSample]]:
    """Yield the planes of a sample with these spatial axes by their ids ("1135-z020"), with what is declared of each.

    There is none where neither the planes, nor the sample's crop or shape, say where they end.
    """
    letter, chosen = planes.chosen
    axis = axes.index(letter)
    sizes = tuple(stop - start for start, stop in sample.crop) or sample.shape
    ends = [end for end in (chosen.stop, sizes[axis] if len(sizes) == len(axes) else None) if end is not None]
    end = min(ends, default=0)
    width = max(3, len(str((chosen.stop or end) - 1)))
    for index in range(chosen.start, end, chosen.step):
        box = [UNBOUNDED] * len(axes)
        box[axis] = (index, index + 1)
        view = PlaneSample.model_validate(
            {"from": name, "crop": tuple(box), "tags": sample.tags, "plane_axis": axis, "plane_index": index}
        )
        yield f"{name}-{letter.lower()}{index:0{width}d}", view


def with_planes(
    samples: Mapping[str, SampleDeclaration], common: Planes | None, axes_of: Callable[[SampleDeclaration], str]
) -> dict[str, SampleDeclaration]:
    """Return samples with the planes of those that are given as planes; `axes_of` tells a sample's spatial axes."""
    result = dict(samples)
    for name, sample in samples.items():
        planes = sample.planes or common
        if planes is not None:
            result.update(plane_samples(name, sample, planes, axes_of(sample)))
    return result


def resized(volume: Volume, size: Sequence[int], *, is_label: bool) -> Volume:
    """Return a volume on a grid of another size over the same extent; the dtype stays.

    Labels take the value of the nearest voxel, images are interpolated linearly between voxel centres, without
    smoothing, and repeat their border. The spacing changes with the size.
    """
    if len(size) != len(volume.grid.shape):
        raise DataError(f"resize {list(size)} has {len(size)} entries; the array has axes '{volume.grid.axes}'")
    array = volume.array
    offset = array.ndim - len(size)
    is_whole = np.issubdtype(array.dtype, np.integer)
    values = array if is_label else array.astype(np.float64)
    for axis, (old, new) in enumerate(zip(volume.grid.shape, size, strict=True), start=offset):
        if old == new:
            continue
        centres = (np.arange(new) + 0.5) * old / new
        if is_label:
            values = values.take(np.minimum(centres.astype(np.int64), old - 1), axis=axis)
            continue
        centres = np.clip(centres - 0.5, 0, old - 1)
        low = np.minimum(centres.astype(np.int64), max(old - 2, 0))
        weight = (centres - low).reshape([-1 if index == axis else 1 for index in range(values.ndim)])
        high = np.minimum(low + 1, old - 1)
        values = values.take(low, axis=axis) * (1 - weight) + values.take(high, axis=axis) * weight
    if not is_label:
        values = (np.rint(values) if is_whole else values).astype(array.dtype)
    spacing = volume.spacing_um and tuple(
        step * old / new for step, old, new in zip(volume.spacing_um, volume.grid.shape, size, strict=True)
    )
    return Volume(np.ascontiguousarray(values), volume.axes, spacing, volume.channels)


def _plane(volume: Volume, axis: int, index: int) -> Volume:
    offset = volume.array.ndim - len(volume.grid.shape)
    size = volume.grid.shape[axis]
    if index >= size:
        raise DataError(f"plane {index} lies outside axis {volume.grid.axes[axis]} of size {size}")
    array = np.ascontiguousarray(volume.array.take(index, axis=offset + axis))
    axes = volume.axes[:offset] + "YX"
    spacing = volume.spacing_um and volume.spacing_um[:axis] + volume.spacing_um[axis + 1 :]
    return Volume(array, axes, spacing, volume.channels)
