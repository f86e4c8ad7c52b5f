"""Images written as OME-Zarr 0.5: one full-resolution level with axes and scale, and label images beside it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from harness.errors import DataError
from harness.model import JsonDict, Volume

VERSION = "0.5"
CHUNK = 128

Colours = Mapping[int, tuple[int, int, int, int]]
"""Red, green, blue and opacity (0 to 255) by label."""


def write_ome_zarr(
    path: Path,
    image: Volume,
    labels: Mapping[str, Volume],
    *,
    colours: Mapping[str, Colours] | None = None,
    about: JsonDict | None = None,
) -> None:
    """Write an image and label images of its grid as a new folder; bool labels become 8-bit ones.

    `colours` are those of labels by the name of the label image; `about` is kept as the attribute "harness". Raises
    `DataError` for a folder that is there already, and for one that cannot be written.
    """
    import zarr

    if path.exists():
        raise DataError(f"{path}: is there already; name another folder or remove it")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        root = zarr.open_group(str(path), mode="w-", zarr_format=3)
        _write_level(root, image, path.name, {})
        if about:
            root.attrs["harness"] = about
        holder = root.create_group("labels", attributes={"ome": {"version": VERSION, "labels": list(labels)}})
        for name, volume in labels.items():
            given = (colours or {}).get(name, {})
            shown = [{"label-value": value, "rgba": list(rgba)} for value, rgba in given.items()]
            group = holder.create_group(name)
            _write_level(
                group, volume, name, {"image-label": {"version": VERSION, **({"colors": shown} if shown else {})}}
            )
    except OSError as error:
        raise DataError(f"{path}: cannot be written ({error.strerror or error})") from error


def _write_level(group: Any, volume: Volume, name: str, further: JsonDict) -> None:
    array = volume.array.astype(np.uint8) if volume.array.dtype == bool else volume.array
    names = [axis.lower() for axis in volume.axes]
    spacing = volume.spacing_um
    steps = iter(spacing or ())
    scale = [1.0 if axis == "c" or spacing is None else float(next(steps)) for axis in names]
    unit = {} if spacing is None else {"unit": "micrometer"}
    axes = [
        {"name": "c", "type": "channel"} if axis == "c" else {"name": axis, "type": "space", **unit} for axis in names
    ]
    level = {"path": "0", "coordinateTransformations": [{"type": "scale", "scale": scale}]}
    group.create_array("0", data=array, chunks=tuple(max(1, min(n, CHUNK)) for n in array.shape), dimension_names=names)
    group.attrs["ome"] = {
        "version": VERSION,
        "multiscales": [{"name": name, "axes": axes, "datasets": [level]}],
        **further,
    }
