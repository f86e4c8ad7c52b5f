"""Zarr (2 and 3) and OME-Zarr (0.1 to 0.5): axes and scale of the multiscales metadata, else the axes of the array."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from harness.datasets.formats.axes import SPATIAL, letters, letters_of_kinds
from harness.datasets.formats.stored_array import (
    Region,
    StoredArray,
    check_fits,
    check_kind,
    extent,
    known_spacing,
    reading,
)
from harness.datasets.formats.units import UM_PER_UNIT
from harness.datasets.formats.zarr_reader import ZarrReader
from harness.errors import DataError, nearest


def open_zarr(path: Path, key: str = "") -> StoredArray:
    """Open an array of a Zarr folder lazily.

    `key` is a path inside it; "" is the array itself, the finest level of an OME-Zarr image, or the only array.
    """
    import zarr

    with reading(path, "Zarr"):
        node = zarr.open(str(path), mode="r")
    metadata: tuple[Mapping[str, Any], Mapping[str, Any]] | None = None
    if isinstance(node, zarr.Group):
        with reading(path, "Zarr"):
            key, metadata = _find_array(path, node, key)
            node = node[key]
    elif key:
        raise DataError(f"{path}: is a Zarr array, it has no key '{key}'")
    if not isinstance(node, zarr.Array):
        raise DataError(f"{path}: '{key}' is a Zarr group, not an array")
    check_kind(path, node.dtype)
    with reading(path, "OME-Zarr"):
        axes, spacing = _axes_and_spacing(*metadata, node.ndim) if metadata else (_own_axes(node), None)
    if axes and len(axes) != node.ndim:
        raise DataError(f"{path}: OME-Zarr axes '{axes}' do not fit the shape {node.shape} of '{key}'")

    reader = ZarrReader(node)

    def read(region: Region) -> np.ndarray:
        check_fits(path, extent(region, node.shape), node.dtype)
        with reading(path, "Zarr"):
            return reader[region]

    return StoredArray(tuple(node.shape), node.dtype, axes, spacing, read, handle=reader, chunks=tuple(node.chunks))


def label_key(path: Path) -> str:
    """Return the key of the one label image that an OME-Zarr image carries; "" for anything else.

    They are those that its group "labels" lists, or holds where it lists none. Raises `DataError` naming them if
    there are several.
    """
    import zarr

    with reading(path, "Zarr"):
        node = zarr.open(str(path), mode="r")
        if not isinstance(node, zarr.Group) or "labels" not in node:
            return ""
        group = node["labels"]
        attributes = dict(group.attrs)
        held = sorted(name for name, _ in group.members()) if isinstance(group, zarr.Group) else []
    holder = attributes.get("ome", attributes)
    listed = holder.get("labels") if isinstance(holder, Mapping) else None
    names = [str(name) for name in listed] if isinstance(listed, list | tuple) and listed else held
    if len(names) > 1:
        some = ", ".join(f"labels/{name}" for name in names)
        raise DataError(f"{path}: holds several label images; name one, as in {path.name}:KEY: {some}")
    return f"labels/{names[0]}" if names else ""


def _find_array(path: Path, group: Any, key: str) -> tuple[str, tuple[Mapping[str, Any], Mapping[str, Any]] | None]:
    """Return the key of the array to read and its (multiscale, level) metadata, if the group that holds it has any."""
    import zarr

    target, prefix = group, ""
    if key:
        if key not in group:
            raise DataError(f"{path}: no Zarr array '{key}'{nearest(key, _array_names(group))}")
        node = group[key]
        if isinstance(node, zarr.Array):
            parent, _, name = key.rpartition("/")
            holder = group[parent] if parent else group
            return key, _level(_multiscale(holder), name)
        target, prefix = node, f"{key}/"
    multiscale = _multiscale(target)
    if multiscale is not None:
        name = str(multiscale["datasets"][0]["path"])
        return prefix + name, _level(multiscale, name)
    names = _array_names(target)
    if len(names) != 1:
        raise DataError(f"{path}: name one of its Zarr arrays, as in {path.name}:KEY: {', '.join(names) or 'none'}")
    return prefix + names[0], None


def _array_names(group: Any) -> list[str]:
    import zarr

    return sorted(name for name, node in group.members(max_depth=None) if isinstance(node, zarr.Array))


def _multiscale(group: Any) -> Mapping[str, Any] | None:
    attributes = dict(group.attrs)
    listed = attributes.get("ome", attributes).get("multiscales") or attributes.get("multiscales")
    return listed[0] if listed else None


def _level(multiscale: Mapping[str, Any] | None, name: str) -> tuple[Mapping[str, Any], Mapping[str, Any]] | None:
    if multiscale is None:
        return None
    for level in multiscale["datasets"]:
        if str(level["path"]) == name:
            return multiscale, level
    return None


def _own_axes(node: Any) -> str:
    """Return the axes that an array names itself: as Zarr 3, xarray or N5 do; "" for none."""
    named = getattr(node.metadata, "dimension_names", None)
    attributes = dict(node.attrs)
    stated = (named, attributes.get("_ARRAY_DIMENSIONS"), attributes.get("axes"))
    return next((axes for names in stated if (axes := letters(names, node.ndim))), "")


def _axes_and_spacing(
    multiscale: Mapping[str, Any], level: Mapping[str, Any], ndim: int
) -> tuple[str, tuple[float, ...] | None]:
    """Return the axes, and the spacing in micrometres if every spatial axis has a scale and a unit of length.

    Before version 0.3 axes are not described: there are five of them, in the order of OME.
    """
    described: Sequence[Any] = multiscale.get("axes") or ("tczyx" if ndim == len("tczyx") else "")
    axes = letters_of_kinds(described)
    scale = _scale(multiscale, level, len(axes))
    sizes: list[float] = []
    for axis, letter, size in zip(described, axes, scale or [0.0] * len(axes), strict=True):
        if letter not in SPATIAL:
            continue
        unit = UM_PER_UNIT.get(str(axis.get("unit", "")).lower()) if isinstance(axis, Mapping) else None
        if unit is None:
            return axes, None
        sizes.append(float(size) * unit)
    return axes, known_spacing(sizes)


def _scale(multiscale: Mapping[str, Any], level: Mapping[str, Any], count: int) -> list[float] | None:
    """Return the product of all scales of an image; None where there is none, or one that is no list of numbers."""
    scales = [
        step.get("scale")
        for holder in (level, multiscale)
        for step in holder.get("coordinateTransformations") or ()
        if step.get("type") == "scale"
    ]
    try:
        product = np.prod([np.asarray(scale, dtype=float).reshape(count) for scale in scales], axis=0)
    except (TypeError, ValueError):
        return None
    return [float(size) for size in product] if scales else None
