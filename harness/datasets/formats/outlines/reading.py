"""Which files hold outlines, and the label image that one of them makes."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from harness.datasets.formats.outlines.coco import CocoFile, is_coco, read_coco
from harness.datasets.formats.outlines.geojson import NUCLEUS, is_geojson, read_geojson
from harness.datasets.formats.outlines.imagej import read_rois
from harness.datasets.formats.outlines.painting import Drawing, Shape, paint
from harness.datasets.formats.stored_array import check_fits, reading
from harness.errors import DataError

JSON_SUFFIXES = (".json", ".geojson")
ROI_SUFFIXES = (".roi", ".zip")
SUFFIXES = (*JSON_SUFFIXES, *ROI_SUFFIXES)


def holds_outlines(path: Path) -> bool:
    """Return whether a file holds outlines by its name: COCO or GeoJSON, an ImageJ ROI or an archive of them."""
    return path.name.lower().endswith(SUFFIXES) and not path.is_dir()


def read_outlines(
    path: Path, key: str = "", *, shape: Shape | None = None, note: Callable[[str], None] = lambda line: None
) -> np.ndarray:
    """Return the label image (unsigned; object k of the file is k, 0 is background) that a file of outlines makes.

    `key` names an image of a COCO file, or "nucleusGeometry" of GeoJSON. `shape` (Y, X or Z, Y, X) is needed where the
    file states none, and compared where it does. `note` is told what a label image cannot say. Raises `DataError` if
    the file is absent, damaged or of no known content, or its size is unknown, `LabelError` for outlines that do not
    fit.
    """
    if not path.is_file():
        raise DataError(f"{path}: no such file")
    with reading(path, "outlines"):
        labels, remarks = _painted(path, _drawing(path, key), shape)
    for remark in remarks:
        note(f"{path}: {remark}")
    return labels


def read_crowds(path: Path, key: str = "", *, shape: Shape | None = None) -> np.ndarray:
    """Return the pixels of the crowds of a COCO image that no single object has, bool; arguments are `read_outlines`'.

    Raises what `read_outlines` raises, and `DataError` for a file that is not COCO: no other names crowds.
    """
    if coco_file(path) is None:
        raise DataError(f"{path}: names no crowds; accepted: a COCO file (annotations with 'iscrowd')")
    with reading(path, "outlines"):
        drawing = _drawing(path, key)
        objects, _ = _painted(path, drawing, shape)
        crowds, _ = _painted(path, replace(drawing, outlines=drawing.crowds), shape)
    return np.asarray((crowds > 0) & (objects == 0))


def stated_shape(path: Path, key: str = "") -> Shape | None:
    """Return the size (Y, X) of their image that outlines state; None if they state none, or no file is there.

    Raises `DataError` for a damaged file.
    """
    if not path.is_file():
        return None
    with reading(path, "outlines"):
        return _drawing(path, key).shape


def coco_file(path: Path) -> CocoFile | None:
    """Return the images and annotations of a COCO file; None for a file of another kind. Raises `DataError`."""
    if not path.name.lower().endswith(JSON_SUFFIXES) or not path.is_file():
        return None
    with reading(path, "outlines"):
        content = _content(path)
    return content if isinstance(content, CocoFile) else None


def _painted(path: Path, drawing: Drawing, shape: Shape | None) -> tuple[np.ndarray, tuple[str, ...]]:
    size = shape or drawing.shape
    if size is None:
        raise DataError(
            f"{path}: holds outlines, and not the size of their image; accepted: `harness score --shape Y X`, or "
            "the other side as an image"
        )
    check_fits(path, size, np.dtype(np.uint32))
    return paint(path, drawing, size)


def _drawing(path: Path, key: str) -> Drawing:
    if path.name.lower().endswith(ROI_SUFFIXES):
        if key:
            raise DataError(f"{path}: ImageJ ROIs have no key '{key}'")
        return read_rois(path)
    content = _content(path)
    if isinstance(content, CocoFile):
        return read_coco(path, content, key)
    if key not in ("", NUCLEUS):
        raise DataError(f"{path}: no '{key}' in GeoJSON; accepted: {NUCLEUS}, or nothing")
    return read_geojson(content, key)


def _content(path: Path) -> Any:
    state = path.stat()
    return _parsed(path, state.st_ino, state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=2)
def _parsed(path: Path, *_: int) -> Any:
    """Return a COCO file, or GeoJSON, read once per state of it: it may hold a thousand images."""
    content: Any = json.loads(path.read_bytes())
    if is_geojson(content):
        return content
    if is_coco(content):
        return CocoFile.of(content)
    raise DataError(f"{path}: JSON of another kind; accepted: COCO (a data set or a list of results) or GeoJSON")
