"""Metrics of recorded cells computed anew from kept predictions, without running a method."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from harness.errors import DataError
from harness.hashing import canonical_json
from harness.model import Cell, CellId, Tier, Volume
from harness.predictions import Predictions
from harness.project import Project
from harness.store import Record, Store
from harness.suite import Suite, expand
from harness.worker.pairs import score_pairs
from harness.worker.sources import SampleSlots


@dataclass(frozen=True, slots=True)
class Rescoring:
    """What was done: cells that have scores, those computed anew, those that changed, and why others could not be."""

    cells: int
    rescored: int
    changed: tuple[CellId, ...]
    missing: Mapping[CellId, str]

    def counts(self) -> dict[str, int]:
        """Return the counts that `harness rescore` prints."""
        return {"cells": self.cells, "rescored": self.rescored, "missing": len(self.missing)}


def rescore(
    project: Project, suite: Suite, tier: Tier, folder: Path, cache: Path, log: Callable[[str], None]
) -> Rescoring:
    """Compute the suite's metrics of every cell that has scores anew, and write the records that change.

    A cell whose record was made with other metrics of the same chain, data and seeds is taken over. A record whose
    line was altered is made good, unless what was altered is not the scores.

    Raises:
        HarnessError: a mistake in the suite, a disk that refuses.
    """
    store = Store(folder, suite.id, suite.version, tier)
    cells = expand(suite, tier, project.catalogue, project.stages)
    scorer = _Scorer(Predictions(cache), SampleSlots(project.catalogue))
    found = dict(_recorded(project, suite, tier, cells, store.records()))
    fresh: list[Record] = []
    missing: dict[CellId, str] = {}
    for cell in cells:
        record = found.get(cell.id)
        if record is None:
            continue
        again = scorer.scored(cell, record)
        if isinstance(again, str):
            missing[cell.id] = again
        elif not _is_same(record, again):
            fresh.append(again)
    if fresh:
        with store.open([cell.id for cell in cells], log) as writer:
            for record in fresh:
                writer.add(record)
    return Rescoring(len(found), len(found) - len(missing), tuple(record.id for record in fresh), missing)


def _recorded(
    project: Project, suite: Suite, tier: Tier, cells: tuple[Cell, ...], records: tuple[Record, ...]
) -> Iterator[tuple[CellId, Record]]:
    """Yield the records with scores that are of today's cells, or were when the suite named the record's metrics."""
    today = {cell.id: cell.key for cell in cells}
    keys = {suite.file.metrics: today}
    for record in records:
        if record.status != "ok":
            continue
        if today.get(record.id) == record.cell:
            yield record.id, record
            continue
        metrics = tuple(name for name in record.metrics if ":" not in name)
        if metrics not in keys:
            then = suite.with_metrics(metrics)
            keys[metrics] = {cell.id: cell.key for cell in expand(then, tier, project.catalogue, project.stages)}
        if keys[metrics].get(record.id) == record.cell and record.id in today:
            yield record.id, record


class _Scorer:
    """Scores kept predictions against the truth of their cells."""

    def __init__(self, predictions: Predictions, samples: SampleSlots) -> None:
        self._predictions = predictions
        self._samples = samples
        self._evicted = predictions.evicted()

    def scored(self, cell: Cell, record: Record) -> Record | str:
        """Return the record with the metrics of its kept prediction, or why there are none."""
        if record.is_altered and not _is_of(record, cell):
            return "its line was altered, and not only its scores: run it again"
        slots = self._samples.slots(cell.data, cell.sample, truth=cell.data.truth)

        def value(name: str) -> Volume:
            if name in record.prediction:
                return self._kept(record.prediction[name], name)
            if name in slots:
                return slots[name].volume()
            return self._samples.label(cell.data, cell.sample, name).volume()

        absent = [pair.pred for pair in cell.scores if pair.pred not in record.prediction]
        if absent:
            return f"its '{absent[0]}' were not kept: run it again"
        try:
            scores = score_pairs(cell.scores, value)
        except (DataError, _AbsentError) as error:
            return str(error)
        return replace(record, cell=cell.key, metrics=scores.values, counts=scores.counts, checksum="")

    def _kept(self, digest: str, slot: str) -> Volume:
        value = self._predictions.find(digest, slot)
        if isinstance(value, Volume):
            return value
        gone = self._evicted.get(digest)
        raise _AbsentError(
            f"its prediction was removed on {gone.day} ({gone.why})" if gone else "its prediction is not here"
        )


class _AbsentError(Exception):
    """A kept prediction is not here; the text says why."""


def _is_of(record: Record, cell: Cell) -> bool:
    """Whether an altered record still says of its cell what the suite says."""
    said = [[stage.id, stage.version, dict(stage.parameters)] for stage in record.stages]
    asked = [[spec.id, spec.version, dict(spec.parameters)] for spec in cell.chain]
    return canonical_json(said) == canonical_json(asked) and record.seed == cell.seed


def _is_same(record: Record, again: Record) -> bool:
    """Whether nothing would change on disk: same key, metrics in the same order (NaN is NaN), counts, and checksum."""
    if record.is_altered or record.cell != again.cell or dict(record.counts) != dict(again.counts):
        return False
    return list(_comparable(record.metrics)) == list(_comparable(again.metrics))


def _comparable(metrics: Mapping[str, float]) -> Iterator[tuple[str, float | None]]:
    return ((name, None if math.isnan(value) else value) for name, value in metrics.items())
