"""Pictures of prompts: boxes and points over the image, with the outlines of what came of them."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from harness.errors import IncompleteError
from harness.hashing import derive_seed
from harness.model import Cell
from harness.predictions import Predictions
from harness.project import Project
from harness.report.errors import grey_plane, outline, write_picture
from harness.runner.exporting import file_name, kept_volume
from harness.stages.contract import Context
from harness.stages.examples import channels_first
from harness.stages.values import Prompts
from harness.store import Record
from harness.worker.sources import SampleSlots

BOX, INSIDE, OUTSIDE, MASK = (255, 200, 0), (60, 220, 80), (240, 60, 60), (90, 150, 255)
LEGEND = (
    "yellow boxes, green + a point inside of its object, red x a point outside of the one that it is asked for "
    "(both where one object's inside is another's outside), blue outlines of what came of them"
)
"""The colours in words."""
LINES_A_PIXEL = 4
"""Lines of an enlarged picture are this part of one of the image's pixels wide, and a pixel of the picture at least."""
SIDE = 768
"""Small images are enlarged by the largest whole number that keeps their longer side within so many pixels."""
SHARE_OF_CROSS = 50
"""From its middle to its end a cross is this part of the picture's longer side, and two pixels at least."""


def write_prompts(project: Project, cell: Cell, record: Record, folder: Path, cache: Path) -> Path:
    """Write a PNG of a cell's prompts, with the outlines of its kept labels, and return its path.

    Raises `IncompleteError` for a cell whose prompts cannot be made or whose labels are not here.
    """
    prompts = cell_prompts(project, cell)
    plane = fullest_plane(prompts)
    slots = SampleSlots(project.catalogue).slots(cell.data, cell.sample, truth=cell.data.truth)
    image = channels_first(slots["image"].volume(), str(cell)).mean(axis=0)
    labels = kept_volume(Predictions(cache), cell, "labels", record.prediction.get("labels", "")).array
    image, labels = (array if array.ndim == 2 else array[plane] for array in (image, labels))
    times = max(1, SIDE // max(image.shape))
    return write_picture(
        folder / f"{file_name(cell)}-prompts.png", prompt_picture(image, prompts, plane, labels, times)
    )


def cell_prompts(project: Project, cell: Cell) -> Prompts:
    """Return the prompts of a cell, made anew: stages that make them are pure, and take their seed from the cell.

    Raises `IncompleteError` for a cell without prompts, and for one whose prompts come of what an earlier stage made.
    """
    for spec in cell.chain:
        stage = project.stages.get(spec.id)(spec.parameters)
        if stage.makes() != ("prompts",):
            continue
        slots = SampleSlots(project.catalogue).slots(cell.data, cell.sample, truth=cell.data.truth)
        absent = [slot for slot in stage.reads() if slot not in slots]
        if absent:
            raise IncompleteError(f"{cell}: its prompts come of '{absent[0]}', which a stage of its chain makes")
        inputs = {slot: slots[slot].value() for slot in stage.reads()}
        seed = derive_seed(cell.seed, spec.to_json())
        with tempfile.TemporaryDirectory() as scratch:
            made = stage.run(inputs, Context(slots["image"].value().grid, seed, Path(scratch)))
        assert isinstance(made, Prompts)
        return made
    raise IncompleteError(f"{cell}: no stage of its chain makes prompts")


def fullest_plane(prompts: Prompts) -> int:
    """Return the plane of a volume on which most prompts begin, 0 for a 2D image and without prompts."""
    if len(prompts.grid.shape) == 2:
        return 0
    planes = np.concatenate([prompts.boxes[:, 0, 0], prompts.points[:, 0]]).astype(np.int64)
    return int(np.bincount(planes).argmax()) if len(planes) else 0


def prompt_picture(
    image: np.ndarray, prompts: Prompts, plane: int, labels: np.ndarray | None = None, times: int = 1
) -> np.ndarray:
    """Return an 8-bit RGB picture (Y, X, 3) of one plane: its image, outlines of labels, boxes, and points as crosses.

    A point inside is upright, one outside lies askew below it: the inside of an object is often the outside of its
    neighbours, at the same place.

    image   (Y, X), the plane
    labels  (Y, X), what came of the prompts on that plane; None draws none
    times   pixels of the picture to one of the image along each axis
    """
    width = max(1, times // LINES_A_PIXEL)
    picture = np.repeat(enlarged(grey_plane(image), times)[..., np.newaxis], 3, axis=-1)
    if labels is not None:
        large = enlarged(labels, times)
        picture[_thicker(outline(large), width) & (large > 0)] = MASK
    for box in prompts.boxes:
        if len(prompts.grid.shape) == 2 or box[0, 0] <= plane < box[1, 0]:
            _draw_box(picture, box[:, -2:] * times, width)
    for upright in (False, True):
        for point in prompts.points[prompts.point_labels.astype(bool) == upright]:
            if len(prompts.grid.shape) == 2 or int(point[0]) == plane:
                _draw_cross(picture, point[-2:] * times, upright, width)
    return picture


def enlarged(array: np.ndarray, times: int) -> np.ndarray:
    """Return a plane (Y, X) with each of its pixels repeated along both axes."""
    return array.repeat(times, axis=0).repeat(times, axis=1)


def _thicker(lines: np.ndarray, width: int) -> np.ndarray:
    """Return lines of one pixel (Y, X bool), each with half of `width` more on either side."""
    from scipy.ndimage import maximum_filter

    return np.asarray(maximum_filter(lines, size=2 * (width // 2) + 1, mode="constant"))


def _draw_box(picture: np.ndarray, box: np.ndarray, width: int) -> None:
    """Draw the outermost pixels of a half-open box."""
    extent = np.array(picture.shape[:2])
    (top, left) = np.clip(np.floor(box[0]).astype(int), 0, extent - 1)
    (bottom, right) = np.clip(np.ceil(box[1]).astype(int), (top + 1, left + 1), extent)
    frame = np.ones((bottom - top, right - left), dtype=bool)
    frame[width:-width, width:-width] = False
    picture[top:bottom, left:right][frame] = BOX


def _draw_cross(picture: np.ndarray, point: np.ndarray, upright: bool, width: int) -> None:
    """Draw a point inside as a green plus, one outside as a red x, as far as they lie in the picture."""
    extent = np.array(picture.shape[:2])
    middle = np.minimum(np.floor(point).astype(int), extent - 1)
    radius = max(2, int(extent.max()) // SHARE_OF_CROSS)
    along = np.arange(2 * radius + 1)
    cross = np.zeros((2 * radius + 1, 2 * radius + 1), dtype=bool)
    if upright:
        cross[radius] = cross[:, radius] = True
    else:
        cross[along, along] = cross[along, along[::-1]] = True
    rows, columns = (np.argwhere(_thicker(cross, width)) + middle - radius).T
    seen = (rows >= 0) & (columns >= 0) & (rows < extent[0]) & (columns < extent[1])
    picture[rows[seen], columns[seen]] = INSIDE if upright else OUTSIDE
