"""One declared array of a sample: read from its file, mirrored, cut and converted as the declaration says."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from harness.datasets.declared.declaration import ArraySource
from harness.datasets.formats.arrays import colour_labels, grey, read_array, read_grid
from harness.datasets.formats.labels import components, unsigned
from harness.datasets.formats.open import format_of, open_stored
from harness.datasets.formats.outlines.reading import holds_outlines, read_outlines
from harness.errors import DataError
from harness.model import Volume

Crop = Sequence[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class StoredSource:
    """An array source with its file found and everything that the sample says about it."""

    path: Path
    keys: tuple[str, ...]
    source: ArraySource
    axes: str
    spacing_um: tuple[float, ...]
    tolerance: float
    drop_last: frozenset[str]
    parts: tuple[Path, ...] = ()
    canvas: Callable[[], tuple[int, ...]] | None = None
    """Gives the stored shape of the image, for labels that are outlines; None for images, which cannot be."""

    def shape(self) -> tuple[int, ...]:
        """Return the spatial shape, after `drop_last`, without reading voxels."""
        sizes = zip(self.axes, self.stored_shape(), strict=True)
        return tuple(size - (axis in self.drop_last) for axis, size in sizes)

    def read(self, *, crop: Crop = (), limit: tuple[int, ...] | None = None) -> Volume:
        """Return the array on the dataset's spatial axes; `limit` is the shape common to the sample's arrays.

        `crop` holds [start, stop) per axis, counted after mirroring and dropping. Raises `DataError` if it lies
        outside, or if the file is not as declared.
        """
        key = self._key()
        stored = self.stored_shape()
        sizes = self.shape() if limit is None else limit
        wanted = tuple(crop) or tuple((0, size) for size in sizes)
        for axis, size, (start, stop) in zip(self.axes, sizes, wanted, strict=True):
            if not 0 <= start < stop <= size:
                raise DataError(f"{self.path}: crop [{start}, {stop}) lies outside axis {axis} of size {size}")
        flipped = frozenset(self.source.flip or ())
        region = [
            (size - stop, size - start) if axis in flipped else (start, stop)
            for axis, size, (start, stop) in zip(self.axes, stored, wanted, strict=True)
        ]
        volume = self._converted(key, region)
        if flipped:
            turned = np.flip(volume.array, axis=tuple(self.axes.index(axis) for axis in sorted(flipped)))
            volume = Volume(np.ascontiguousarray(turned), volume.axes, volume.spacing_um)
        return volume

    def read_labels(self, *, crop: Crop = (), limit: tuple[int, ...] | None = None) -> Volume:
        """Return the array as labels (unsigned integers); raises `LabelError` for floats and negative values."""
        source = self.source
        is_whole = source.components or source.min_size > 0
        volume = self.read(crop=() if is_whole else crop, limit=limit)
        array = volume.array
        if source.background:
            array = _without_background(array, source.background, self._where())
        if source.components:
            array = components(array > 0)
        array = unsigned(array, self._where())
        if source.min_size:
            array = _without_splinters(array, source.min_size)
        if is_whole and crop:
            array = array[tuple(slice(start, stop) for start, stop in crop)]
        return Volume(array, volume.axes, volume.spacing_um)

    def _painted(self, key: str, region: Crop) -> Volume:
        """Return a region of the label image that the file's outlines make."""
        labels = read_outlines(self.path, key, shape=self.stored_shape())
        part = labels[tuple(slice(start, stop) for start, stop in region)]
        return Volume(part, self.axes, self.spacing_um or None)

    def _check_channels(self, key: str) -> None:
        """Raise `DataError` unless the file has the declared number of channels: none may be left out unseen."""
        with open_stored(self.path, key) as stored:
            axes = stored.axes or self.source.axes
            found = stored.shape[axes.index("C")] if "C" in axes and len(axes) == len(stored.shape) else 1
        if found != self.source.channels:
            raise DataError(f"{self._where()}: {found} channels, declared {self.source.channels}")

    def _converted(self, key: str, region: Crop) -> Volume:
        if self._is_outlined:
            return self._painted(key, region)
        if self.source.channels:
            self._check_channels(key)
        is_colour = bool(self.source.colour)
        volume = read_array(
            self.path,
            key,
            axes="" if is_colour else self.source.axes or self.axes,
            spacing_um=self.spacing_um,
            tolerance=self.tolerance,
            select=self.source.select,
            region=region,
            colours=is_colour,
            parts=self.parts,
        )
        if self.source.colour == "grey":
            volume = grey(volume)
        elif self.source.colour == "labels":
            volume = colour_labels(self.path, volume)
        if volume.axes != self.axes:
            raise DataError(f"{self._where()}: axes are '{volume.axes}', declared '{self.axes}'")
        return volume

    @property
    def _is_outlined(self) -> bool:
        return self.canvas is not None and holds_outlines(self.path)

    def stored_shape(self) -> tuple[int, ...]:
        """Return the spatial shape of the array in its file, of outlines that of their image."""
        if self.canvas is not None and self._is_outlined:
            return self.canvas()
        key = self._key()
        axes = "" if self.source.colour else self.source.axes or self.axes
        grid = read_grid(self.path, key, axes=axes, select=self.source.select, colours=bool(self.source.colour))
        if grid.axes != self.axes:
            raise DataError(f"{self._where()}: axes are '{grid.axes}' {grid.shape}, declared '{self.axes}'")
        return grid.shape

    def _key(self) -> str:
        """Return the first declared key that the file has; raises `DataError` naming all if it has none."""
        if len(self.keys) < 2 or self._is_outlined:
            return self.keys[0] if self.keys else ""
        reasons: list[str] = []
        for key in self.keys:
            try:
                with open_stored(self.path, key):
                    return key
            except DataError as error:
                reasons.append(str(error))
        raise DataError(f"{self.path}: has none of the keys {', '.join(self.keys)} ({reasons[-1]})")

    def _where(self) -> str:
        has_key = self.keys and not self._is_outlined and format_of(self.path) in ("HDF5", "Zarr")
        return f"{self.path}:{self.keys[0]}" if has_key else str(self.path)


def merged(source: ArraySource, override: ArraySource | None) -> ArraySource:
    """Return a source with what a sample's override sets."""
    if override is None:
        return source
    changes: Mapping[str, object] = {name: getattr(override, name) for name in override.model_fields_set}
    return source.model_copy(update=dict(changes))


def _without_background(array: np.ndarray, background: int, where: str) -> np.ndarray:
    if (array == 0).any():
        raise DataError(f"{where}: the background is declared as {background}, but 0 occurs too")
    return np.where(array == background, np.zeros((), dtype=array.dtype), array)


def _without_splinters(labels: np.ndarray, min_size: int) -> np.ndarray:
    ids, inverse, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    kept: np.ndarray = np.where(sizes < min_size, 0, ids).astype(labels.dtype)[inverse].reshape(labels.shape)
    return kept
