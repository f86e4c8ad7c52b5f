"""Object tables of recorded cells, made from the predictions that were kept; no method is run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import DataError, IncompleteError
from harness.model import Cell, ScoredPair, Volume
from harness.objects import object_frame
from harness.predictions import Predictions
from harness.project import Project
from harness.runner.exporting import kept_volume
from harness.stages.slots import CONFIDENCES
from harness.standing import Standing
from harness.store import Record
from harness.worker.pairs import pair_of
from harness.worker.sources import SampleSlots

if TYPE_CHECKING:
    from pandas import DataFrame


def recorded_objects(project: Project, standing: Standing, cache: Path) -> Iterator[DataFrame | str]:
    """Yield the object table of the unnamed pair of every cell that has scores, or why there is none, as text.

    Cells of data without labels, in which nothing is compared, are left out.
    Before the columns of `harness.object_table`, a table says of which cell it is: suite, tier, row, dataset, sample,
    fold, repeat.
    """
    predictions, samples = Predictions(cache), SampleSlots(project.catalogue)
    for cell in standing.cells:
        compared = next((pair for pair in cell.scores if not pair.name and pair.metrics), None)
        if compared is None or not standing.is_done(cell):
            continue
        try:
            yield _objects(cell, compared, standing.current[cell.id], predictions, samples)
        except IncompleteError as error:  # it is the cell's reason; the others have their tables all the same
            yield str(error)
        except DataError as error:
            yield f"{cell}: {error}"


def _objects(
    cell: Cell, compared: ScoredPair, record: Record, predictions: Predictions, samples: SampleSlots
) -> DataFrame:
    slots = samples.slots(cell.data, cell.sample, truth=cell.data.truth)

    def value(name: str) -> Volume:
        if name in record.prediction:
            return kept_volume(predictions, cell, name, record.prediction[name])
        if name in slots:
            return slots[name].volume()
        return samples.label(cell.data, cell.sample, name).volume()

    if compared.pred not in record.prediction:
        raise IncompleteError(f"{cell}: its prediction was not kept: run it again")
    about = {
        "suite": cell.suite,
        "tier": cell.tier,
        "row": cell.row,
        "dataset": cell.data.dataset,
        "sample": cell.sample,
        "fold": cell.fold.id,
        "repeat": cell.repeat,
    }
    mask = value(compared.scope.ignore) if isinstance(compared.scope.ignore, str) else None
    confidences = None
    if digest := record.prediction.get(CONFIDENCES):
        confidences = predictions.find(digest, CONFIDENCES)
        if confidences is None:
            raise IncompleteError(f"{cell}: the file of its confidences {predictions.absence(digest)}")
    return object_frame(pair_of(compared, value(compared.pred), value(compared.truth), mask, confidences), about)
