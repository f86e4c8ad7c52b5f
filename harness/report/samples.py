"""A page a sample: what every row made of it, the worst first, with the outlines of truth and prediction by layers."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import numpy as np

from harness.advisories import hits
from harness.aggregation import counts_of_pair
from harness.datasets.fetching.places import cache_folder
from harness.errors import DataError
from harness.escaping import visible
from harness.metrics.errormap import class_maps
from harness.metrics.errors import count_name
from harness.model import Cell, Volume
from harness.predictions import Predictions
from harness.project import Project
from harness.report.errors import COLOURS, grey_plane, kept_labels, outline, write_picture
from harness.report.records import record_key
from harness.standing import Standing
from harness.store import Record
from harness.tables.errors import SHOWN
from harness.worker.pairs import pair_of
from harness.worker.sources import SampleSlots

MOST_PLANES = 9
MOST_ROWS = 12
MOST_SAMPLES = 24
"""Of a suite's samples and their rows, the worst are drawn; of a volume, planes at even distances and the worst one."""
LONGEST_EDGE = 1024
"""Planes with more pixels along an edge are drawn with every second, third, … pixel."""
LAYERS = ("image", "truth", "prediction")


@dataclass(frozen=True, slots=True)
class SampleRow:
    """What a row made of a sample.

    value     its score on the primary metric, `score` with the name of that
    struck    the advisories by which its score counts no more, in words
    objects   how many of each class of error
    pictures  by layer, the address of its pictures with "*" for the number of the plane
    why       why there is no picture
    """

    row: str
    label: str
    value: str
    score: str
    key: str
    objects: Mapping[str, int] = field(hash=False)
    pictures: tuple[tuple[str, str], ...] = ()
    worst_plane: int = 0
    why: str = ""
    struck: str = ""

    @property
    def counted(self) -> tuple[int | str, ...]:
        """Objects of each class in the order in which they are shown, "" where the record keeps none."""
        return tuple([self.objects.get(name, "") for name in SHOWN])


@dataclass(frozen=True, slots=True)
class SampleView:
    """A sample with its rows, the worst first; `planes` are those drawn.

    `mean` is over the rows with a score that counts, NaN where none has one.
    """

    name: str
    page: PurePosixPath
    mean: float
    rows: tuple[SampleRow, ...]
    planes: tuple[int, ...] = ()
    why: str = ""


def sample_views(project: Project, standing: Standing, output: Path, folder: PurePosixPath) -> tuple[SampleView, ...]:
    """Write the pictures of the worst samples and return what the pages of all samples show, the worst sample first.

    A sample whose data are not here, or a row whose prediction was not kept, has no picture, and the page says why.
    Raises `StoreError` if the folder cannot be written.
    """
    by_sample: dict[tuple[str, str], list[tuple[Cell, Record]]] = {}
    for cell in standing.cells:
        if standing.is_done(cell) and cell.scores:
            by_sample.setdefault((cell.data.dataset, cell.sample), []).append((cell, standing.current[cell.id]))
    primary, sign = standing.suite.primary, _sign(standing)
    ordered = sorted(by_sample.values(), key=lambda found: _cost(_mean(standing, found), sign))
    painter = _Painter(project, output)
    taken: set[str] = set()
    return tuple(
        _view(standing, _worst_first(found, primary, sign), painter if number < MOST_SAMPLES else None, folder, taken)
        for number, found in enumerate(ordered)
    )


def _worst_first(found: list[tuple[Cell, Record]], primary: str, sign: float) -> list[tuple[Cell, Record]]:
    return sorted(found, key=lambda pair: _cost(pair[1].metrics.get(primary, math.nan), sign))


def _cost(value: float, sign: float) -> float:
    """Return what orders scores from the worst on; undefined ones come first."""
    return -math.inf if math.isnan(value) else value * sign


def _view(
    standing: Standing,
    found: Sequence[tuple[Cell, Record]],
    painter: _Painter | None,
    folder: PurePosixPath,
    taken: set[str],
) -> SampleView:
    cell = found[0][0]
    name = f"{cell.data.dataset}/{cell.sample}"
    slug = _slug(name, taken)
    labels = {row.id: row.label for row in standing.suite.rows}
    primary = standing.suite.primary
    drawn: Mapping[str, _Drawn] = {}
    planes: tuple[int, ...] = ()
    why = f"Only the {MOST_SAMPLES} worst samples of a suite are drawn." if painter is None else ""
    if painter is not None:
        drawn, planes, why = painter.paint(found[:MOST_ROWS], folder / slug)
    rows = tuple(
        SampleRow(
            row=record.row,
            label=labels.get(record.row, record.row) + _which(record),
            value=(value := _value(record.metrics.get(primary, math.nan))),
            score=f"{primary} {value}",
            key=record_key(record),
            objects=_objects(record),
            pictures=drawn[record.cell].pictures if record.cell in drawn else (),
            worst_plane=drawn[record.cell].worst_plane if record.cell in drawn else 0,
            why=_absence(record, number, painter),
            struck=_struck(standing, record),
        )
        for number, (_, record) in enumerate(found)
    )
    return SampleView(name, folder / f"{slug}.html", _mean(standing, found), rows, planes, why)


@dataclass(frozen=True, slots=True)
class _Drawn:
    pictures: tuple[tuple[str, str], ...]
    worst_plane: int


class _Painter:
    """Draws samples from what is here: the data of the catalogue, the predictions that were kept."""

    def __init__(self, project: Project, output: Path) -> None:
        self._slots = SampleSlots(project.catalogue)
        self._catalogue = project.catalogue
        self.predictions = Predictions(cache_folder())
        self._output = output

    def paint(
        self, found: Sequence[tuple[Cell, Record]], folder: PurePosixPath
    ) -> tuple[dict[str, _Drawn], tuple[int, ...], str]:
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
        drawn: dict[str, _Drawn] = {}
        for (owner, (truth, pred), classes), wrong in zip(maps, errors, strict=True):
            name = f"{_slug(owner.row, set())}-{owner.key[:8]}"
            for side, volume, kinds in (("truth", truth, classes[0]), ("prediction", pred, classes[1])):
                for number, plane in enumerate(planes):
                    layer = _layer(_plane(volume, plane, step), _plane(kinds, plane, step), dotted=side != "truth")
                    write_picture(self._output / folder / f"{name}-{side}-{number}.png", layer)
            addresses = (("image", "image"), ("truth", f"{name}-truth"), ("prediction", f"{name}-prediction"))
            worst = max(range(len(planes)), key=lambda number, wrong=wrong: (wrong[planes[number]], -number))  # type: ignore[misc]
            drawn[owner.key] = _Drawn(tuple((layer, f"{folder.name}/{file}-*.png") for layer, file in addresses), worst)
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


def _objects(record: Record) -> dict[str, int]:
    """Return objects by class of error, nothing where the record keeps none."""
    own = counts_of_pair(record.counts, "")
    names = {name: count_name("pred" if name == "spurious" else "truth", name) for name in SHOWN}
    return {name: int(value) for name, count in names.items() if isinstance(value := own.get(count), int | float)}


def _absence(record: Record, number: int, painter: _Painter | None) -> str:
    if painter is None or number >= MOST_ROWS:
        return f"Only the {MOST_ROWS} worst rows of a drawn sample have pictures."
    digest = record.prediction.get("labels")
    return (
        "No label image was kept of it."
        if digest is None
        else f"Its prediction {painter.predictions.absence(digest)}: `harness run` makes it again."
    )


def _which(record: Record) -> str:
    fold = f", fold {record.fold}" if record.fold else ""
    return f"{fold}, repeat {record.repeat}" if record.repeat else fold


def _value(value: float) -> str:
    return "undefined" if math.isnan(value) else f"{value:.4f}"


def _struck(standing: Standing, record: Record) -> str:
    """Return why the score of a record counts no more, "" where it does."""
    about = hits(standing.advisories, record).get(standing.suite.primary, ()) if standing.advisories else ()
    return "; ".join(one.words for one in about)


def _mean(standing: Standing, found: Sequence[tuple[Cell, Record]]) -> float:
    primary = standing.suite.primary
    known = [record for _, record in found if math.isfinite(record.metrics.get(primary, math.nan))]
    values = [record.metrics[primary] for record in known if not _struck(standing, record)]
    return math.fsum(values) / len(values) if values else math.nan


def _sign(standing: Standing) -> float:
    primary = standing.suite.primary
    return -1.0 if primary in standing.metrics and standing.metrics[primary].direction == "lower" else 1.0


def _slug(name: str, taken: set[str]) -> str:
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
