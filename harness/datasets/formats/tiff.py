"""TIFF, with the axes and the voxel spacing that ImageJ, OME or resolution tags state."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np

from harness.datasets.formats.stored_array import Region, StoredArray, check_fits, check_kind, known_spacing, reading
from harness.datasets.formats.units import UM_PER_UNIT
from harness.errors import DataError

_CENTIMETRE = 3
_IMAGEJ_COMPLAINT = "ImageJ series metadata invalid"
_UNKNOWN_AXES = "QI"


def open_tiff(path: Path) -> StoredArray:
    """Open the image of a TIFF file.

    Raises `DataError` if any of its data lies beyond the end of the file, or, for an OME-TIFF set, in a file that is
    not there, if OME metadata state planes that no page holds, and if it holds several images, smaller copies
    (thumbnails) aside.
    """
    import tifffile

    with reading(path, "TIFF"), _no_decoder_complaints(path), tifffile.TiffFile(path) as tiff:
        _check_complete(path, tiff)
        elsewhere = tuple(_siblings(path, tiff.ome_metadata)) if tiff.is_ome else ()
        if not tiff.series:
            raise DataError(f"{path}: the TIFF file holds no image")
        series = tiff.series[0]
        lost = sum(page is None for page in series.pages)
        if lost:
            raise DataError(
                f"{path}: its metadata state {len(series.pages)} planes, and {lost} of them are in no file: they would "
                "read as zeros"
            )
        others = [one.shape for one in tiff.series[1:] if not one.keyframe.is_reduced]
        if others:
            shapes = ", ".join(" x ".join(map(str, shape)) for shape in (series.shape, *others[:3]))
            raise DataError(
                f"{path}: the TIFF file holds {1 + len(others)} images ({shapes}{', …' if others[3:] else ''}); "
                "accepted: one, saved by itself"
            )
        states_imagej = tiff.is_imagej and series.kind == "imagej"
        if tiff.is_imagej and not states_imagej and len(tiff.pages) == 1:
            raise DataError(f"{path}: truncated TIFF: ImageJ wrote more planes than the file holds")
        axes = series.axes.upper().replace("S", "C")
        if any(axis in _UNKNOWN_AXES for axis in axes) or len(set(axes)) != len(axes):
            axes = ""
        spacing = None
        if states_imagej or not tiff.is_imagej:
            spacing = _spacing(tiff, axes or "ZYX"[-min(len(series.shape), 3) :])
        shape, dtype = tuple(series.shape), np.dtype(series.dtype)
        check_kind(path, dtype)

    def read(region: Region) -> np.ndarray:
        check_fits(path, shape, dtype)
        with reading(path, "TIFF"), _no_decoder_complaints(path):
            return np.asarray(tifffile.imread(path, series=0))[region]

    return StoredArray(shape, dtype, axes, spacing, read, elsewhere=elsewhere)


def _siblings(path: Path, xml: str | None) -> Iterator[Path]:
    """Yield the other files of an OME-TIFF set; raises `DataError` for one that is absent: it would read as zeros.

    So it does for a file whose planes another one describes: it would read as if it were the whole.
    """
    root = _parsed(xml)
    if root is None:
        return
    described_by = next((node.get("MetadataFile", "") for node in root if node.tag.endswith("}BinaryOnly")), None)
    if described_by is not None:
        raise DataError(
            f"{path}: part of an OME-TIFF set that another file describes ('{described_by}'); accepted: the TIFF of "
            "the set that holds the whole OME metadata, or the image saved as one file"
        )
    own = root.get("UUID", "")
    named: dict[str, str] = {}
    for node in root.iter():
        if node.tag.endswith("}UUID") and node.get("FileName"):
            named.setdefault(str(node.get("FileName")), (node.text or "").strip())
    for name, identity in named.items():
        if name == path.name or (own and identity == own):
            continue
        if not (path.parent / name).is_file():
            raise DataError(
                f"{path}: part of an OME-TIFF set whose file '{name}' is not there; put it beside the others"
            )
        yield path.parent / name


def _parsed(xml: str | None) -> ElementTree.Element | None:
    """Return the root of OME metadata; None for a text that is absent, cut or no XML."""
    try:
        return ElementTree.fromstring(xml or "")
    except ElementTree.ParseError:
        return None


class _Complaints(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


@contextmanager
def _no_decoder_complaints(path: Path) -> Iterator[None]:
    """Raise what tifffile only logs: it skips damaged pages and goes on.

    Where the text of ImageJ does not fit the pages, the pages count: whether each is complete is checked apart.
    """
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
    messages = [message for message in complaints.messages if _IMAGEJ_COMPLAINT not in message]
    if messages:
        raise DataError(f"{path}: damaged TIFF: {' '.join(messages[0].split())}")


def _check_complete(path: Path, tiff: Any) -> None:
    size = tiff.filehandle.size
    seen: set[int] = set()
    for page in tiff.pages:
        if page.offset in seen:
            raise DataError(f"{path}: damaged TIFF: its list of pages runs in a circle")
        seen.add(page.offset)
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


def _ome_spacing(xml: str | None) -> dict[str, float]:
    root = _parsed(xml)
    pixels = None if root is None else next((node for node in root.iter() if node.tag.endswith("}Pixels")), None)
    if pixels is None:
        return {}
    sizes: dict[str, float] = {}
    for axis in "XYZ":
        scale = UM_PER_UNIT.get(pixels.get(f"PhysicalSize{axis}Unit", "µm").lower())
        found = known_spacing([pixels.get(f"PhysicalSize{axis}")])
        if found is not None and scale is not None:
            sizes[axis] = found[0] * scale
    return sizes


def _imagej_spacing(tiff: Any) -> dict[str, float]:
    metadata = tiff.imagej_metadata or {}
    scale = UM_PER_UNIT.get(str(metadata.get("unit", "")).lower())
    if scale is None:
        return {}
    sizes = {axis: size * scale for axis, size in _pixel_sizes(tiff.pages[0]).items()}
    found = known_spacing([metadata.get("spacing")])
    if found is not None:
        sizes["Z"] = found[0] * scale
    return sizes


def _tag_spacing(page: Any) -> dict[str, float]:
    """Resolution tags count only in centimetres: dots per inch are a printer's default, not a voxel size."""
    unit = page.tags.get("ResolutionUnit")
    if unit is None or unit.value != _CENTIMETRE:
        return {}
    return {axis: size * 1e4 for axis, size in _pixel_sizes(page).items()}


def _pixel_sizes(page: Any) -> dict[str, float]:
    """Return the size of a pixel in the file's unit, from the tags that hold pixels per unit."""
    sizes: dict[str, float] = {}
    for axis in "XY":
        tag = page.tags.get(f"{axis}Resolution")
        value = None if tag is None else tag.value
        if isinstance(value, tuple) and len(value) == 2 and value[0] > 0 and value[1] > 0:
            sizes[axis] = value[1] / value[0]
    return sizes
