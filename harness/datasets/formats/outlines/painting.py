"""Objects as outlines, and the label image that they make.

A pixel belongs to an object if its centre lies in the outline: the first pixel reaches from 0 to 1, its centre is 0.5.
Where several objects hold a pixel, the last of them has it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from harness.errors import LabelError

Shape = tuple[int, ...]
Pixels = tuple[np.ndarray, np.ndarray]
Ring = np.ndarray
"""A closed line as (n, 2) floats: y and x in pixels."""


@dataclass(frozen=True, slots=True, eq=False)
class Outline:
    """One object: what the file calls it, its extent, its pixels in an image of a size, and its plane if it has one.

    box     lowest y and x, highest y and x, in pixels
    pixels  of the size (Y, X) of an image to the rows and columns of the pixels whose centres lie inside
    plane   index along Z; None where the file names none
    time    number of the time point; None where the file names none
    """

    name: str
    box: tuple[float, float, float, float]
    pixels: Callable[[Shape], Pixels]
    plane: int | None = None
    time: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Drawing:
    """The objects of an image in the order of their labels, its size (Y, X) if the file states it, and remarks.

    `crowds` are regions of objects that nobody told apart: no objects, and no background.
    """

    outlines: tuple[Outline, ...]
    shape: Shape | None = None
    notes: tuple[str, ...] = ()
    crowds: tuple[Outline, ...] = ()


def polygons(name: str, parts: Sequence[Sequence[Ring]], plane: int | None = None, time: int | None = None) -> Outline:
    """Return the object of one or more polygons, each an outer line and the lines of its holes.

    Raises `LabelError` for a line of fewer than three points, or with coordinates that are not finite.
    """
    for ring in (ring for rings in parts for ring in rings):
        if ring.ndim != 2 or ring.shape[1] != 2 or len(ring) < 3 or not np.isfinite(ring).all():
            raise LabelError(f"{name}: an outline needs three points or more, of two finite coordinates each")
    points = np.concatenate([ring for rings in parts for ring in rings]) if any(parts) else np.empty((0, 2))
    if not len(points):
        raise LabelError(f"{name}: has no outline")
    (low_y, low_x), (high_y, high_x) = points.min(axis=0).tolist(), points.max(axis=0).tolist()
    box = (low_y, low_x, high_y, high_x)
    return Outline(name, box, lambda shape: _polygon_pixels(parts, box, shape), plane, time)


def _polygon_pixels(parts: Sequence[Sequence[Ring]], box: tuple[float, ...], shape: Shape) -> Pixels:
    from skimage.draw import polygon

    top, left = (int(max(0, min(np.floor(low), size))) for low, size in zip(box[:2], shape, strict=True))
    bottom, right = (int(max(0, min(np.ceil(high), size))) for high, size in zip(box[2:], shape, strict=True))
    inside = np.zeros((max(bottom - top, 0), max(right - left, 0)), dtype=bool)
    for rings in parts if inside.size else ():
        part = np.zeros_like(inside)
        for ring in rings:
            part[polygon(ring[:, 0] - top - 0.5, ring[:, 1] - left - 0.5, part.shape)] ^= True
        inside |= part
    rows, columns = inside.nonzero()
    return rows + top, columns + left


def paint(path: Path, drawing: Drawing, shape: Shape) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return the label image (object k of the file is k, 0 is background) of a size (Y, X or Z, Y, X), and remarks.

    Remarks name what a label image cannot say: pixels of several objects, objects without a pixel. Raises `LabelError`
    for an object that lies outside of the image, or in a plane that it does not have, and for objects of several time
    points: one label image holds one.
    """
    if drawing.shape is not None and tuple(drawing.shape) != tuple(shape):
        raise LabelError(f"{path}: states an image of {_size(drawing.shape)} pixels; expected {_size(shape)}")
    times = sorted({outline.time for outline in drawing.outlines if outline.time is not None})
    if len(times) > 1:
        raise LabelError(
            f"{path}: holds outlines of {len(times)} time points ({', '.join(map(str, times[:5]))}"
            f"{', …' if times[5:] else ''}); accepted: those of one, saved by themselves"
        )
    labels = np.zeros(shape, np.uint16 if len(drawing.outlines) < 1 << 16 else np.uint32)
    shared = 0
    for number, outline in enumerate(drawing.outlines, start=1):
        plane = _plane(path, outline, labels)
        low_y, low_x, high_y, high_x = outline.box
        if high_y <= 0 or high_x <= 0 or low_y >= plane.shape[0] or low_x >= plane.shape[1]:
            raise LabelError(
                f"{path}: {outline.name} lies outside of the image: y {low_y:.6g} to {high_y:.6g}, x {low_x:.6g} to "
                f"{high_x:.6g} of {_size(plane.shape)} pixels"
            )
        pixels = outline.pixels((plane.shape[0], plane.shape[1]))
        shared += int(np.count_nonzero(plane[pixels]))
        plane[pixels] = number
    return labels, (*drawing.notes, *_remarks(labels, len(drawing.outlines), shared))


def _plane(path: Path, outline: Outline, labels: np.ndarray) -> np.ndarray:
    """Return the plane of an image that an outline lies in."""
    if labels.ndim == 2:
        if outline.plane:
            raise LabelError(f"{path}: {outline.name} lies in plane {outline.plane + 1} of a stack; the image has one")
        return labels
    if outline.plane is None or outline.plane >= len(labels):
        found = "no plane" if outline.plane is None else f"plane {outline.plane + 1}"
        raise LabelError(f"{path}: {outline.name} names {found}; accepted: one of the {len(labels)} of the image")
    return np.asarray(labels[outline.plane])


def _remarks(labels: np.ndarray, count: int, shared: int) -> list[str]:
    remarks = []
    if shared:
        remarks.append(f"{shared} pixels lie in several objects; each belongs to the last of them")
    lost = count - int(np.count_nonzero(np.bincount(labels.ravel(), minlength=1)[1:]))
    if lost:
        remarks.append(f"{lost} of {count} objects have no pixel of their own: too small, or covered by later ones")
    if labels.ndim == 3 and count:
        remarks.append("each outline is an object of its own plane: nothing in the file joins those of several planes")
    return remarks


def _size(shape: Sequence[int]) -> str:
    return " x ".join(map(str, shape))
