"""Pictures of what a method got wrong: the outlines of objects over the image, coloured by their class of error."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from harness.datasets.fetching.places import cache_folder
from harness.errors import StoreError
from harness.metrics.classes import CLASSES
from harness.metrics.errormap import CLASS_COLOURS, class_maps
from harness.model import Cell, Volume
from harness.predictions import Predictions
from harness.project import Project
from harness.stages.slots import LABELS
from harness.standing import Standing
from harness.store import Record
from harness.worker.pairs import pair_of

MOST_PICTURES_A_ROW = 6
COLOURS = np.array([(0, 0, 0), *(CLASS_COLOURS[name] for name in CLASSES)], np.uint8)
"""By the values of `harness.metrics.errormap.class_maps`: red, green and blue."""
LEGEND = (
    "green correct, red missed, blue spurious, cyan split, pink merged, purple split and merged, yellow poor boundary"
)
"""`CLASS_COLOURS` in words."""


def write_pictures(project: Project, standing: Standing, folder: Path) -> tuple[Path, ...]:
    """Write a PNG for the first samples of every row that were scored and kept; of a volume, its middle plane.

    What the scope of the scores leaves out (regions to ignore, objects at the border) has no outline.
    Raises `StoreError` if the folder cannot be written.
    """
    predictions = Predictions(cache_folder())
    written: list[Path] = []
    count: dict[str, int] = {}
    for cell in standing.cells:
        record = standing.current.get(cell.id)
        labels = None if record is None else kept_labels(predictions, record)
        if labels is None or not cell.data.truth or count.get(cell.row, 0) == MOST_PICTURES_A_ROW:
            continue
        count[cell.row] = count.get(cell.row, 0) + 1
        written.append(write_picture(folder / cell.row / f"{cell.sample}.png", cell_picture(project, cell, labels)))
    return tuple(written)


def error_picture(image: np.ndarray, truth: np.ndarray, pred: np.ndarray) -> np.ndarray:
    """Return an 8-bit RGB picture (Y, X, 3) of a grey plane with the outlines of all objects in `CLASS_COLOURS`.

    Objects are those that were compared: of what is ignored, or dropped at the border, there is none.

    The class of an object is that of the plane. Where a true and a predicted outline meet, the predicted one is seen.
    """
    picture = np.repeat(grey_plane(image)[..., None], 3, axis=-1)
    for labels, classes in zip((truth, pred), class_maps(truth, pred), strict=True):
        edge = outline(labels)
        picture[edge] = COLOURS[classes[edge]]
    return picture


def kept_labels(predictions: Predictions, record: Record) -> Volume | None:
    """Return the labels that a record was scored on, (Z)YX, None where they were not kept or are not here any more."""
    digest = record.prediction.get(LABELS)
    value = None if digest is None else predictions.find(digest, LABELS)
    return value if isinstance(value, Volume) else None


def cell_picture(project: Project, cell: Cell, pred: Volume) -> np.ndarray:
    """Return the picture of errors of a cell, (Y, X, 3) uint8; of a volume, of its middle plane."""
    sample = project.catalogue.dataset(cell.data.dataset).load(cell.sample)
    compared = cell.scores[0]
    mask = sample.labels[compared.scope.ignore] if isinstance(compared.scope.ignore, str) else None
    truth, labels = pair_of(compared, pred, sample.labels[cell.data.truth], mask).images
    image = sample.image.array
    while image.ndim > truth.ndim:
        image = image[0]
    if truth.ndim == 3:
        middle = truth.shape[0] // 2
        image, truth, labels = image[middle], truth[middle], labels[middle]
    return error_picture(image, truth, labels)


def grey_plane(image: np.ndarray) -> np.ndarray:
    """Return a plane as 8 bits between its 1st and 99.8th percentile."""
    low, high = np.percentile(image, (1, 99.8))
    scaled = (image.astype(np.float64) - low) / max(float(high - low), 1e-9)
    return np.asarray((np.clip(scaled, 0, 1) * 255).astype(np.uint8))


def outline(labels: np.ndarray) -> np.ndarray:
    """Return which pixels of objects touch another label or background below or to the right, or the other way."""
    edge = np.zeros(labels.shape, bool)
    for axis in range(2):
        first, second = (np.moveaxis(labels, axis, 0)[part] for part in (slice(None, -1), slice(1, None)))
        differs = first != second
        rows = np.moveaxis(edge, axis, 0)
        rows[:-1] |= differs
        rows[1:] |= differs
    return np.asarray(edge & (labels > 0))


def write_picture(path: Path, picture: np.ndarray) -> Path:
    """Write a picture as PNG and return its path; raises `StoreError` if the folder cannot be written."""
    import imageio.v3 as imageio

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        imageio.imwrite(path, picture)
    except OSError as error:
        raise StoreError(f"{path}: cannot be written ({error.strerror or error})") from error
    return path
