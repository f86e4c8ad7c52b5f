"""Pictures of a sample by layers: its image, the outlines of its truth and those of what each row predicted."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from harness.datasets.fetching.places import cache_folder
from harness.errors import DataError
from harness.escaping import visible
from harness.metrics.errormap import class_maps
from harness.model import Cell, Volume
from harness.predictions import Predictions
from harness.project import Project
from harness.report.errors import COLOURS, grey_plane, kept_labels, outline, write_picture
from harness.store import Record
from harness.worker.pairs import pair_of
from harness.worker.sources import SampleSlots

MOST_PLANES = 9
"""Of a volume, planes at even distances are drawn, and the worst one."""
LONGEST_EDGE = 1024
"""Planes with more pixels along an edge are drawn with every second, third, … pixel."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """What was drawn of a row: by layer, the address of its pictures with "*" for the number of the plane."""

    pictures: tuple[tuple[str, str], ...]
    worst_plane: int


class Painter:
    """Draws samples from what is here: the data of the catalogue, the predictions that were kept."""

    def __init__(self, project: Project, output: Path) -> None:
        self._slots = SampleSlots(project.catalogue)
        self._catalogue = project.catalogue
        self.predictions = Predictions(cache_folder())
        self._output = output

    def paint(
        self, found: Sequence[tuple[Cell, Record]], folder: PurePosixPath
    ) -> tuple[dict[str, Drawn], tuple[int, ...], str]:
        """Return what was drawn by cell, the planes, and why nothing was ("" if something was)."""
        kept = [(cell, labels) for cell, record in found if (labels := kept_labels(self.predictions, record))]
        if not kept:
            return {}, (), "No prediction of this sample was kept here: run a row again to see its errors."
        cell = kept[0][0]
        if not cell.data.truth:
            return {}, (), "The data have no truth to compare with."
        available = self._catalogue.dataset(cell.data.dataset).availability()
        if not available.ok:
            return {}, (), f"The data are not here: {available}"
        try:
            image = self._slots.slots(cell.data, cell.sample, truth=cell.data.truth)["image"].volume()
            pairs = [(owner, self._compared(owner, labels)) for owner, labels in kept]
        except DataError as error:
            return {}, (), f"The data cannot be read: {error}"
        maps = [(owner, images, class_maps(*images)) for owner, images in pairs]
        errors = [_errors_by_plane(classes) for _, _, classes in maps]
        planes = _planes(errors)
        step = max(1, math.ceil(max(image.array.shape[-2:]) / LONGEST_EDGE))
        for number, plane in enumerate(planes):
            write_picture(self._output / folder / f"image-{number}.png", grey_plane(_plane(_grey(image), plane, step)))
        drawn: dict[str, Drawn] = {}
        for (owner, (truth, pred), classes), wrong in zip(maps, errors, strict=True):
            name = f"{file_slug(owner.row, set())}-{owner.key[:8]}"
            for side, volume, kinds in (("truth", truth, classes[0]), ("prediction", pred, classes[1])):
                for number, plane in enumerate(planes):
                    layer = _layer(_plane(volume, plane, step), _plane(kinds, plane, step), dotted=side != "truth")
                    write_picture(self._output / folder / f"{name}-{side}-{number}.png", layer)
            addresses = (("image", "image"), ("truth", f"{name}-truth"), ("prediction", f"{name}-prediction"))
            worst = max(range(len(planes)), key=lambda number, wrong=wrong: (wrong[planes[number]], -number))  # type: ignore[misc]
            drawn[owner.key] = Drawn(tuple((layer, f"{folder.name}/{file}-*.png") for layer, file in addresses), worst)
        return drawn, planes, ""

    def _compared(self, cell: Cell, pred: Volume) -> tuple[np.ndarray, np.ndarray]:
        """Return truth and prediction as they were compared: of what is ignored or dropped there is nothing."""
        pair, sample = cell.scores[0], cell.sample
        truth = self._slots.slots(cell.data, sample, truth=cell.data.truth)["truth"].volume()
        ignored = pair.scope.ignore
        mask = self._slots.label(cell.data, sample, ignored).volume() if isinstance(ignored, str) else None
        return pair_of(pair, pred, truth, mask).images


def _errors_by_plane(classes: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Return how many voxels of objects that are not correct lie in each plane; one plane for a 2D image."""
    wrong = (classes[0] > 1).astype(np.int64) + (classes[1] > 1)
    return np.asarray(wrong.reshape(wrong.shape[0] if wrong.ndim == 3 else 1, -1).sum(axis=1))


def _planes(errors: Sequence[np.ndarray]) -> tuple[int, ...]:
    """Return the planes that are drawn: at even distances, and the worst of every row."""
    count = errors[0].size if errors else 0
    if count <= MOST_PLANES:
        return tuple(range(count))
    even = np.linspace(0, count - 1, MOST_PLANES + 2)[1:-1].round().astype(int)
    return tuple(sorted({*even.tolist(), *(int(one.argmax()) for one in errors)}))


def _plane(array: np.ndarray, plane: int, step: int) -> np.ndarray:
    found = array[plane] if array.ndim == 3 else array
    return np.asarray(found[::step, ::step])


def _grey(image: Volume) -> np.ndarray:
    return np.asarray(image.array[0] if "C" in image.axes else image.array)


def _layer(labels: np.ndarray, classes: np.ndarray, *, dotted: bool) -> np.ndarray:
    """Return outlines in the colours of classes on nothing, (Y, X, 4) uint8; dotted ones leave pixels out."""
    edge = outline(labels)
    if dotted:
        edge &= np.indices(labels.shape).sum(axis=0) % 3 > 0
    picture = np.zeros((*labels.shape, 4), np.uint8)
    picture[edge, :3] = COLOURS[classes[edge]]
    picture[edge, 3] = 255
    return picture


def file_slug(name: str, taken: set[str]) -> str:
    """Return a file name of a sample that no other has."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", visible(name)).strip("-.")[:80] or "sample"
    found = next(one for one in _numbered(plain) if one.lower() not in taken)
    taken.add(found.lower())
    return found


def _numbered(name: str) -> Iterator[str]:
    yield name
    number = 2
    while True:
        yield f"{name}-{number}"
        number += 1
