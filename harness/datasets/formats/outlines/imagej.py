"""ImageJ ROIs: one in a `.roi` file, or many in a zip archive as the ROI Manager saves them."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from harness.archives import open_archive
from harness.datasets.formats.outlines.painting import Drawing, Outline, Pixels, Shape, polygons
from harness.errors import DataError, LabelError

MOST_BYTES = 1 << 26
"""Size of one ROI; they have a few hundred bytes."""


def read_rois(path: Path) -> Drawing:
    """Return the ROIs of a file, of an archive in the order of their names.

    Raises `LabelError` for one without an area (points, lines, texts), `DataError` for a damaged file.
    """
    if path.suffix.lower() == ".roi":
        return Drawing((_outline(path.stem, path.read_bytes()),))
    outlines = []
    with open_archive(path) as members:
        names = sorted(name for name in members if name.lower().endswith(".roi"))
        if not names:
            raise DataError(f"{path}: an archive without ImageJ ROIs (.roi); found {len(members)} other files")
        for name in names:
            with members[name].open() as file:
                outlines.append(_outline(name, file.read(MOST_BYTES)))
    return Drawing(tuple(outlines))


def _outline(name: str, content: bytes) -> Outline:
    from roifile import ROI_SUBTYPE, ROI_TYPE, ImagejRoi

    roi = ImagejRoi.frombytes(content)
    position = roi.z_position or roi.position
    plane = position - 1 if position else None
    time = roi.t_position or None
    if roi.subtype == ROI_SUBTYPE.TEXT or roi.roitype not in (
        ROI_TYPE.POLYGON, ROI_TYPE.FREEHAND, ROI_TYPE.TRACED, ROI_TYPE.RECT, ROI_TYPE.OVAL
    ):  # fmt: skip
        kind = "TEXT" if roi.subtype == ROI_SUBTYPE.TEXT else roi.roitype.name
        raise LabelError(f"ROI '{name}' is a {kind}; accepted: ROIs with an area, as POLYGON, OVAL, RECT, FREEHAND")
    if roi.roitype == ROI_TYPE.OVAL:
        box = _box(roi)
        return Outline(f"ROI '{name}'", box, partial(_oval_pixels, box), plane, time)
    if roi.roitype == ROI_TYPE.RECT and not roi.composite:
        top, left, bottom, right = _box(roi)
        lines = [np.array([[top, left], [top, right], [bottom, right], [bottom, left]], dtype=float)]
    else:
        lines = [np.asarray(line, dtype=float)[:, ::-1] for line in roi.coordinates(multi=True)]
    return polygons(f"ROI '{name}'", [lines], plane, time)


def _box(roi: Any) -> tuple[float, float, float, float]:
    if roi.subpixelrect:
        return roi.yd, roi.xd, roi.yd + roi.heightd, roi.xd + roi.widthd
    return float(roi.top), float(roi.left), float(roi.bottom), float(roi.right)


def _oval_pixels(box: tuple[float, float, float, float], shape: Shape) -> Pixels:
    from skimage.draw import ellipse

    top, left, bottom, right = box
    rows, columns = ellipse(
        (top + bottom) / 2 - 0.5, (left + right) / 2 - 0.5, (bottom - top) / 2, (right - left) / 2, shape=shape
    )
    return np.asarray(rows), np.asarray(columns)
