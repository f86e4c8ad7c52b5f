"""Reading an array as it is declared: axes ordered, spacing checked, mirrored, cropped, made grey."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from harness.datasets.formats.open import open_stored
from harness.datasets.formats.stored_array import StoredArray
from harness.errors import DataError
from harness.model import Grid, Volume

READER_VERSION = 1
"""Part of every sample hash: to be raised when the same file would be read as another array."""

SPACING_TOLERANCE = 0.01
"""Largest relative difference of a spacing in a file from the declared one."""

_ORDER = "CZYX"
_LUMINANCE = (0.299, 0.587, 0.114)


def read_array(
    path: Path,
    key: str = "",
    *,
    axes: str = "",
    spacing_um: Sequence[float] = (),
    tolerance: float = SPACING_TOLERANCE,
    select: Mapping[str, int] | None = None,
    region: Sequence[tuple[int, int]] = (),
    colours: bool = True,
    parts: Sequence[Path] | None = None,
) -> Volume:
    """Read a TIFF, PNG, NPY, HDF5, Zarr or OME-Zarr array as a volume with axes in the order C, Z, Y, X.

    `axes` are those of the stored array, for files that do not state them; where a file does, the two are compared.
    `spacing_um` is compared with the spacing the file states, and used where it states none. `select` takes one
    index of a stored axis away. `region` holds [start, stop) per spatial axis of the result, in voxels. An image with
    a palette has its colours, or without `colours` their numbers. `parts` are the other files that hold a part of it:
    with them, others are refused, as no hash covers them, and so are files that hold none.
    Raises `DataError` naming both sides where file and declaration disagree.
    """
    with open_stored(path, key) as opened:
        if parts is not None:
            _check_parts(path, opened.elsewhere, parts)
        stored = opened.in_colour() if colours else opened
        names = _stored_axes(path, stored, axes)
        slices = _slices(path, stored.shape, names, select or {}, region)
        array = stored.read(slices)
        spacing = _checked_spacing(path, stored.spacing_um, spacing_um, tolerance, names)
    kept = _kept_axes(stored.shape, names, axes, select or {})
    dropped = tuple(index for index, axis in enumerate(names) if axis not in kept)
    array = array.squeeze(axis=dropped)
    order = "".join(axis for axis in _ORDER if axis in kept)
    array = array.transpose([kept.index(axis) for axis in order])
    return Volume(array, order, spacing)


def read_grid(
    path: Path, key: str = "", *, axes: str = "", select: Mapping[str, int] | None = None, colours: bool = True
) -> Grid:
    """Return the spatial grid of a stored array, with the spacing its file states, without reading its voxels."""
    with open_stored(path, key) as opened:
        stored = opened.in_colour() if colours else opened
        names = _stored_axes(path, stored, axes)
        kept = _kept_axes(stored.shape, names, axes, select or {})
        sizes = dict(zip(names, stored.shape, strict=True))
        spacing = _checked_spacing(path, stored.spacing_um, (), 0.0, names)
    spatial = "".join(axis for axis in "ZYX" if axis in kept)
    return Grid(spatial, tuple(sizes[axis] for axis in spatial), spacing)


def grey(volume: Volume) -> Volume:
    """Return a colour image (3 or 4 channels, alpha ignored) as luminance, ITU-R BT.601, in the same dtype."""
    if not volume.axes.startswith("C"):
        return volume
    if volume.array.shape[0] < 3:
        return Volume(volume.array[0], volume.axes[1:], volume.spacing_um)
    red, green, blue = (volume.array[index] for index in range(3))
    if np.array_equal(red, green) and np.array_equal(green, blue):
        return Volume(red, volume.axes[1:], volume.spacing_um)
    mixed = sum(weight * band.astype(np.float64) for weight, band in zip(_LUMINANCE, (red, green, blue), strict=True))
    result = np.rint(mixed) if np.issubdtype(volume.array.dtype, np.integer) else np.asarray(mixed)
    return Volume(result.astype(volume.array.dtype), volume.axes[1:], volume.spacing_um)


def colour_labels(path: Path, volume: Volume) -> Volume:
    """Return an 8-bit RGB label image as labels: each colour is the number 0xRRGGBB, black is background."""
    if not volume.axes.startswith("C"):
        return volume
    if volume.array.shape[0] < 3 or volume.array.dtype != np.uint8:
        raise DataError(
            f"{path}: colour labels need three 8-bit channels; found {volume.array.shape[0]} of {volume.array.dtype}"
        )
    red, green, blue = (volume.array[index].astype(np.uint32) for index in range(3))
    return Volume(red << 16 | green << 8 | blue, volume.axes[1:], volume.spacing_um)


def _check_parts(path: Path, found: Sequence[Path], declared: Sequence[Path]) -> None:
    """Raise `DataError` unless the other files that hold a part of an array are those that were declared."""
    held, named = ({part.resolve(): part for part in parts} for parts in (found, declared))
    uncovered = sorted(held[part].name for part in held.keys() - named.keys())
    if uncovered:
        more = ", …" if len(uncovered) > 3 else ""
        raise DataError(
            f"{path}: parts of the array lie in other files ({', '.join(uncovered[:3])}{more}), which its hash does "
            f'not cover; accepted: a source that names them, or a pattern of them: `parts = "{uncovered[0]}"`'
        )
    useless = sorted(named[part].name for part in named.keys() - held.keys())
    if useless:
        raise DataError(f"{path}: `parts` names '{useless[0]}', which holds no part of the array")


def _stored_axes(path: Path, stored: StoredArray, declared: str) -> str:
    """Return one letter per stored axis; singleton axes that the declaration does not name are kept, as "T" say."""
    ndim = len(stored.shape)
    if not stored.axes:
        guess = declared or _ORDER[-ndim:]
        if len(guess) != ndim or ndim > len(_ORDER) or ndim < 2:
            raise DataError(f"{path}: array of shape {stored.shape} does not fit the axes '{declared or _ORDER}'")
        return guess
    extra = [
        axis
        for axis, size in zip(stored.axes, stored.shape, strict=True)
        if axis not in (declared or _ORDER) and size > 1
    ]
    stated = "".join(axis for axis, n in zip(stored.axes, stored.shape, strict=True) if n > 1 or axis in declared)
    if extra or (declared and set(stated) != set(declared)):
        raise DataError(f"{path}: axes of the file are '{stored.axes}' {stored.shape}, declared '{declared or _ORDER}'")
    return stored.axes


def _kept_axes(shape: tuple[int, ...], names: str, declared: str, select: Mapping[str, int]) -> str:
    """Return the axes of the result in stored order: the declared ones, else the spatial ones and real channels."""
    free = [(axis, size) for axis, size in zip(names, shape, strict=True) if axis not in select]
    if declared:
        return "".join(axis for axis, _ in free if axis in declared)
    return "".join(axis for axis, size in free if axis in "ZYX" or (axis == "C" and size > 1))


def _slices(
    path: Path, shape: tuple[int, ...], names: str, select: Mapping[str, int], region: Sequence[tuple[int, int]]
) -> tuple[slice, ...]:
    absent = sorted(set(select) - set(names))
    if absent:
        raise DataError(f"{path}: no axis '{absent[0]}' to select from; axes of the file are '{names}'")
    spatial = [axis for axis in "ZYX" if axis in names and axis not in select]
    if region and len(region) != len(spatial):
        raise DataError(f"{path}: region {tuple(region)} has {len(region)} intervals for the axes '{''.join(spatial)}'")
    wanted = dict(zip(spatial, region, strict=True)) if region else {}
    slices: list[slice] = []
    for axis, size in zip(names, shape, strict=True):
        start, stop = wanted.get(axis, (0, size))
        if axis in select:
            start, stop = select[axis], select[axis] + 1
        if not 0 <= start < stop <= size:
            raise DataError(f"{path}: [{start}, {stop}) lies outside axis {axis} of size {size}")
        slices.append(slice(start, stop))
    return tuple(slices)


def _checked_spacing(
    path: Path, found: tuple[float, ...] | None, declared: Sequence[float], tolerance: float, names: str
) -> tuple[float, ...] | None:
    order = [axis for axis in names if axis in "ZYX"]
    if found is not None and len(found) == len(order):
        found = tuple(found[order.index(axis)] for axis in "ZYX" if axis in order)
    if found is None:
        return tuple(declared) or None
    if declared and (
        len(found) != len(declared) or any(abs(a - b) > tolerance * b for a, b in zip(found, declared, strict=True))
    ):
        raise DataError(
            f"{path}: voxel spacing of the file is {_micrometres(found)} um, declared {_micrometres(declared)} um "
            f"(tolerance {tolerance:.1%})"
        )
    return found


def _micrometres(sizes: Sequence[float]) -> str:
    return " x ".join(f"{size:.6g}" for size in sizes)
