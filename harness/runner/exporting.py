"""A cell as a picture that viewers open: image, truth, prediction and error maps in one OME-Zarr folder."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from harness.datasets.formats.ome_zarr import write_ome_zarr
from harness.errors import IncompleteError, StoreError, nearest
from harness.metrics.classes import CLASSES
from harness.metrics.errormap import ADDED, AGREED, CLASS_COLOURS, CONFUSED, MISSED, class_map, error_map
from harness.model import Cell, Volume
from harness.predictions import Predictions
from harness.project import Project
from harness.stages.slots import slot_of
from harness.store import Record, find_stores
from harness.suite import Suite
from harness.worker.pairs import pair_of
from harness.worker.sources import SampleSlots

COLOURS = {
    AGREED: (60, 180, 75, 255),
    MISSED: (230, 60, 60, 255),
    ADDED: (70, 110, 240, 255),
    CONFUSED: (240, 180, 40, 255),
}
OBJECT_COLOURS = {index: (*CLASS_COLOURS[name], 255) for index, name in enumerate(CLASSES, start=1)}
SHORTEST_KEY = 6


def recorded_cell(project: Project, name: str, results: Path, suite: Suite | None = None) -> tuple[Cell, Record]:
    """Return the cell of that name with its record: the beginning of its key, or "row on dataset/sample".

    The suites of the results folder are searched, or the one given. Raises `StoreError` with the nearest names for a
    cell that has no scores there, and for a name of several.
    """
    found = list(_recorded(project, results, suite))
    chosen = [pair for pair in found if _is_called(name, *pair)]
    if not chosen:
        names = sorted({str(record.id) for _, record in found})
        raise StoreError(f"{results}: no cell '{name}' with scores{nearest(name, names)}")
    if len({cell.key for cell, _ in chosen}) > 1:
        keys = ", ".join(f"{cell} ({cell.key[:12]})" for cell, _ in chosen[:5])
        raise StoreError(f"{results}: '{name}' may be any of {len(chosen)} cells; give more of its key: {keys}")
    return chosen[0]


def export_cell(project: Project, cell: Cell, record: Record, folder: Path, cache: Path) -> Path:
    """Write what the cell read and made as `<folder>/<row>-<dataset>-<sample>….ome.zarr` and return that path.

    Label images of other scored slots lie beside the first prediction; slots of reals are left out, and data without
    labels have neither truth nor maps. The error map has 1 where matched objects agree, 2 missed, 3 added, 4 confused;
    the map of classes has for each voxel of an object one more than its index in `harness.metrics.classes.CLASSES`, of
    the true object where there is one. Both are of what was compared: what is ignored, and objects dropped at the
    border, are 0 there; ignored voxels are 1 in an image of their own.

    Raises `IncompleteError` if a prediction is not here, `DataError` for data that are not, and for a folder that is
    there.
    """
    samples = SampleSlots(project.catalogue)
    slots = samples.slots(cell.data, cell.sample, truth=cell.data.truth)
    image = slots["image"].volume()
    first = cell.scores[0]
    made = {
        slot: kept_volume(Predictions(cache), cell, slot, digest)
        for slot, digest in record.prediction.items()
        if slot_of(slot).on_grid
    }
    if first.pred not in made:
        raise IncompleteError(f"{cell}: its prediction was not kept: run it again")
    pred = made.pop(first.pred)
    if pred.array.dtype.kind == "f":
        pred = Volume(pred.array > first.threshold, pred.axes, pred.spacing_um)
    further = {slot: volume for slot, volume in made.items() if volume.array.dtype.kind != "f"}
    labels, colours = {"prediction": pred, **further}, {}
    if cell.data.truth:
        truth = slots["truth"].volume()
        ignore = first.scope.ignore
        mask = samples.label(cell.data, cell.sample, ignore).volume() if isinstance(ignore, str) else None
        pair = pair_of(first, pred, truth, mask)
        maps = {"errors": error_map(*pair.images), "classes": class_map(*pair.images)}
        if pair.ignored is not None:
            maps["ignored"] = pair.ignored.astype(np.uint8)
        made_maps = {name: Volume(array, truth.axes, truth.spacing_um) for name, array in maps.items()}
        labels = {"truth": truth, **labels, **made_maps}
        colours = {"errors": COLOURS, "classes": OBJECT_COLOURS}
    path = folder / f"{file_name(cell)}.ome.zarr"
    about = {"cell": cell.key, "suite": cell.suite, "tier": cell.tier, "id": str(cell.id), "scores": _scores(record)}
    write_ome_zarr(path, image, labels, colours=colours, about=about)
    return path


def kept_volume(predictions: Predictions, cell: Cell, slot: str, digest: str) -> Volume:
    """Return what a cell left in a slot; raises `IncompleteError` with the reason where it is not here."""
    value = predictions.find(digest, slot)
    if isinstance(value, Volume):
        return value
    raise IncompleteError(f"{cell}: its prediction {predictions.absence(digest)}: run it again")


def _recorded(project: Project, results: Path, suite: Suite | None) -> Iterator[tuple[Cell, Record]]:
    for store in find_stores(results):
        if suite is None and store.suite not in project.suite_paths:
            continue
        if suite is not None and store.suite != suite.id:
            continue
        of = suite or project.suite(store.suite)
        if of.kind == "data-table" or store.version != of.version or store.tier not in of.tiers:
            continue
        cells = {cell.id: cell for cell in project.cells(of, store.tier)}
        for record in store.records():
            cell = cells.get(record.id)
            if cell is not None and cell.key == record.cell and record.status == "ok":
                yield cell, record


def _is_called(name: str, cell: Cell, record: Record) -> bool:
    is_key = len(name) >= SHORTEST_KEY and cell.key.startswith(name)
    return is_key or name in (str(record.id), str(cell))


def _scores(record: Record) -> dict[str, float | None]:
    return {name: None if math.isnan(value) else value for name, value in record.metrics.items()}


def file_name(cell: Cell) -> str:
    """Return a name of the cell that every file system takes."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", str(cell.id).replace(" on ", "-"))
