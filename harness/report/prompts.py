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
LEGEND = "yellow boxes, green points inside, red points outside, blue outlines of what came of them"
"""The colours in words."""
RADIUS = 2
"""Pixels from the middle of a point's cross to its end."""


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
    return write_picture(folder / f"{file_name(cell)}-prompts.png", prompt_picture(image, prompts, plane, labels))


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


def prompt_picture(image: np.ndarray, prompts: Prompts, plane: int, labels: np.ndarray | None = None) -> np.ndarray:
    """Return an 8-bit RGB picture (Y, X, 3) of one plane: its image, outlines of labels, boxes, and points as crosses.

    image   (Y, X), the plane
    labels  (Y, X), what came of the prompts on that plane; None draws none
    """
    picture = np.repeat(grey_plane(image)[..., np.newaxis], 3, axis=-1)
    if labels is not None:
        picture[outline(labels)] = MASK
    for box in prompts.boxes:
        if len(prompts.grid.shape) == 2 or box[0, 0] <= plane < box[1, 0]:
            _draw_box(picture, box[:, -2:])
    for point, is_inside in zip(prompts.points, prompts.point_labels, strict=True):
        if len(prompts.grid.shape) == 2 or int(point[0]) == plane:
            _draw_cross(picture, point[-2:], INSIDE if is_inside else OUTSIDE)
    return picture


def _draw_box(picture: np.ndarray, box: np.ndarray) -> None:
    """Draw the outermost pixels of a half-open box."""
    low = np.clip(np.floor(box[0]).astype(int), 0, np.array(picture.shape[:2]) - 1)
    high = np.clip(np.ceil(box[1]).astype(int) - 1, low, np.array(picture.shape[:2]) - 1)
    (top, left), (bottom, right) = low, high
    picture[[top, bottom], left : right + 1] = BOX
    picture[top : bottom + 1, [left, right]] = BOX


def _draw_cross(picture: np.ndarray, point: np.ndarray, colour: tuple[int, int, int]) -> None:
    row, column = np.minimum(np.floor(point).astype(int), np.array(picture.shape[:2]) - 1)
    picture[max(row - RADIUS, 0) : row + RADIUS + 1, column] = colour
    picture[row, max(column - RADIUS, 0) : column + RADIUS + 1] = colour
