"""TIFF, with the axes and the voxel spacing that ImageJ, OME or resolution tags state."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np

from harness.datasets.formats.stored_array import Region, StoredArray, reading
from harness.datasets.formats.units import UM_PER_UNIT
from harness.errors import DataError

_CENTIMETRE = 3
_UNKNOWN_AXES = "QI"


def open_tiff(path: Path) -> StoredArray:
    """Open the first series of a TIFF file; raises `DataError` if any of its data lies beyond the end of the file."""
    import tifffile

    with reading(path, "TIFF"), _no_decoder_complaints(path), tifffile.TiffFile(path) as tiff:
        _check_complete(path, tiff)
        if not tiff.series:
            raise DataError(f"{path}: the TIFF file holds no image")
        series = tiff.series[0]
        axes = series.axes.upper().replace("S", "C")
        if any(axis in _UNKNOWN_AXES for axis in axes) or len(set(axes)) != len(axes):
            axes = ""
        spacing = _spacing(tiff, axes or "ZYX"[-min(len(series.shape), 3) :])
        shape, dtype = tuple(series.shape), np.dtype(series.dtype)

    def read(region: Region) -> np.ndarray:
        with reading(path, "TIFF"), _no_decoder_complaints(path):
            return np.asarray(tifffile.imread(path, series=0))[region]

    return StoredArray(shape, dtype, axes, spacing, read)


class _Complaints(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


@contextmanager
def _no_decoder_complaints(path: Path) -> Iterator[None]:
    """Raise what tifffile only logs: it skips damaged pages and goes on."""
    logger = logging.getLogger("tifffile")
    complaints = _Complaints()
    propagate = logger.propagate
    logger.addHandler(complaints)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(complaints)
        logger.propagate = propagate
    if complaints.messages:
        raise DataError(f"{path}: damaged TIFF: {' '.join(complaints.messages[0].split())}")


def _check_complete(path: Path, tiff: Any) -> None:
    size = tiff.filehandle.size
    for page in tiff.pages:
        if not hasattr(page, "dataoffsets"):
            page = page.aspage()
        for offset, count in zip(page.dataoffsets, page.databytecounts, strict=True):
            if offset + count > size:
                raise DataError(
                    f"{path}: truncated TIFF: page {page.index} needs bytes up to {offset + count}, the file has {size}"
                )


def _spacing(tiff: Any, axes: str) -> tuple[float, ...] | None:
    if tiff.is_ome:
        known = _ome_spacing(tiff.ome_metadata)
    elif tiff.is_imagej:
        known = _imagej_spacing(tiff)
    else:
        known = _tag_spacing(tiff.pages[0])
    spatial = [axis for axis in axes if axis in "ZYX"]
    if not spatial or any(axis not in known for axis in spatial):
        return None
    return tuple(known[axis] for axis in spatial)


def _ome_spacing(xml: str) -> dict[str, float]:
    pixels = next((node for node in ElementTree.fromstring(xml).iter() if node.tag.endswith("}Pixels")), None)
    if pixels is None:
        return {}
    sizes: dict[str, float] = {}
    for axis in "XYZ":
        size = pixels.get(f"PhysicalSize{axis}")
        scale = UM_PER_UNIT.get(pixels.get(f"PhysicalSize{axis}Unit", "µm").lower())
        if size is not None and scale is not None and float(size) > 0:
            sizes[axis] = float(size) * scale
    return sizes


def _imagej_spacing(tiff: Any) -> dict[str, float]:
    metadata = tiff.imagej_metadata or {}
    scale = UM_PER_UNIT.get(str(metadata.get("unit", "")).lower())
    if scale is None:
        return {}
    sizes = {axis: size * scale for axis, size in _pixel_sizes(tiff.pages[0]).items()}
    if float(metadata.get("spacing", 0)) > 0:
        sizes["Z"] = float(metadata["spacing"]) * scale
    return sizes


def _tag_spacing(page: Any) -> dict[str, float]:
    """Resolution tags count only in centimetres: dots per inch are a printer's default, not a voxel size."""
    unit = page.tags.get("ResolutionUnit")
    if unit is None or int(unit.value) != _CENTIMETRE:
        return {}
    return {axis: size * 1e4 for axis, size in _pixel_sizes(page).items()}


def _pixel_sizes(page: Any) -> dict[str, float]:
    """Return the size of a pixel in the file's unit, from the tags that hold pixels per unit."""
    sizes: dict[str, float] = {}
    for axis in "XY":
        tag = page.tags.get(f"{axis}Resolution")
        if tag is not None and tag.value[0] > 0 and tag.value[1] > 0:
            sizes[axis] = tag.value[1] / tag.value[0]
    return sizes
