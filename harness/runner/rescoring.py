"""Metrics of recorded cells computed anew from kept predictions, without running a method."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from harness.aggregation import PAIR_SEPARATOR
from harness.errors import DataError
from harness.hashing import canonical_json
from harness.model import Cell, CellId, ScoredPair, Tier, Volume
from harness.predictions import Predictions
from harness.project import Project
from harness.registry import MetricRegistry
from harness.scoring import chosen_metrics
from harness.stages.slots import CONFIDENCES
from harness.stages.values import Value
from harness.store import Record, Store
from harness.store.records import told
from harness.suite import Suite, expand
from harness.suite.added import as_recorded
from harness.worker.pairs import metric_origins, score_pairs
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


@dataclass(frozen=True, slots=True)
class _Found:
    """A record with scores of a cell, and which of its metrics the suite named neither then nor now."""

    record: Record
    added: tuple[str, ...]


def rescore(
    project: Project, suite: Suite, tier: Tier, folder: Path, cache: Path, log: Callable[[str], None]
) -> Rescoring:
    """Compute the suite's metrics of every cell that has scores anew, and write the records that change.

    A cell whose record was made with other metrics, pairs or regions of the same chain, data and seeds is taken over.
    Metrics that were laid over the suite stay: computed anew, or, where nothing of that name is registered, as they
    are. A record whose line was altered is made good, unless what was altered is not the scores.

    Raises:
        HarnessError: a mistake in the suite, a disk that refuses.
    """
    store = Store(folder, suite.id, suite.version, tier)
    cells = expand(suite, tier, project.catalogue, project.stages, project.metrics)
    scorer = _Scorer(Predictions(cache), SampleSlots(project.catalogue), project.metrics)
    found = dict(_recorded(project, suite, tier, cells, store.records()))
    fresh: list[Record] = []
    missing: dict[CellId, str] = {}
    for cell in cells:
        if cell.id not in found:
            continue
        again = scorer.scored(cell, found[cell.id])
        if isinstance(again, str):
            missing[cell.id] = again
        elif not _is_same(found[cell.id].record, again):
            fresh.append(again)
    if fresh:
        with store.open([cell.id for cell in cells], log) as writer:
            for record in fresh:
                writer.add(record)
    return Rescoring(len(found), len(found) - len(missing), tuple(record.id for record in fresh), missing)


def _recorded(
    project: Project, suite: Suite, tier: Tier, cells: tuple[Cell, ...], records: tuple[Record, ...]
) -> Iterator[tuple[CellId, _Found]]:
    """Yield the records with scores that are of today's cells, or were when the suite named the record's metrics."""
    today = {cell.id: cell.key for cell in cells}
    keys: dict[tuple[tuple[str, ...], str], dict[CellId, str]] = {}
    for record in records:
        if record.status != "ok" or record.id not in today:
            continue
        if today[record.id] == record.cell:
            yield record.id, _found(record, suite, ())
            continue
        for ids in _earlier(record):
            named = (ids, canonical_json(record.scope))
            if named not in keys:
                then = expand(
                    as_recorded(suite, ids, record.scope), tier, project.catalogue, project.stages, project.metrics
                )
                keys[named] = {cell.id: cell.key for cell in then}
            if keys[named].get(record.id) == record.cell:
                yield record.id, _found(record, suite, ids)
                break


def _earlier(record: Record) -> Iterator[tuple[str, ...]]:
    """Yield what the suite may have named when the record was made: metrics laid over it stand behind its own."""
    plain = [name for name in record.metrics if PAIR_SEPARATOR not in name]
    further = [name for name in record.metrics if PAIR_SEPARATOR in name]
    for own in range(len(plain), 0, -1):
        yield (*plain[:own], *further)


def _found(record: Record, suite: Suite, then: tuple[str, ...]) -> _Found:
    named = {*suite.file.metrics, *then}
    return _Found(record, tuple(one for one in record.metrics if one not in named and PAIR_SEPARATOR not in one))


class _Scorer:
    """Scores kept predictions against the truth of their cells."""

    def __init__(self, predictions: Predictions, samples: SampleSlots, metrics: MetricRegistry) -> None:
        self._predictions = predictions
        self._samples = samples
        self._metrics = metrics

    def scored(self, cell: Cell, found: _Found) -> Record | str:
        """Return the record with the metrics of its kept prediction, or why there are none."""
        record = found.record
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
        pairs = self._with_added(cell.scores, found.added)
        is_ranked = any(map(self._is_ranked, pairs))
        if is_ranked and CONFIDENCES not in record.prediction:
            absent.append(CONFIDENCES)
        if absent:
            return f"its '{absent[0]}' were not kept: run it again"
        try:
            confidences = self._confidences(record.prediction[CONFIDENCES]) if is_ranked else None
            scores = score_pairs(pairs, value, self._metrics, confidences=confidences)
        except (DataError, _AbsentError) as error:
            return str(error)
        again = replace(
            record,
            cell=cell.key,
            metrics=scores.values,
            counts=scores.counts,
            origins=metric_origins(pairs, self._metrics),
            scope=cell.scope_json(),
            checksum="",
        )
        return again if record.is_altered else _with_unknown(again, found)

    def _with_added(self, pairs: tuple[ScoredPair, ...], added: tuple[str, ...]) -> tuple[ScoredPair, ...]:
        """Return the pairs, the first with those of its record's further metrics that are registered."""
        known = [name for name in added if name not in pairs[0].metrics and self._is_usable(name)]
        return (replace(pairs[0], metrics=(*pairs[0].metrics, *known)), *pairs[1:])

    def _is_usable(self, name: str) -> bool:
        return name in self._metrics and self._metrics.entry(name).item is not None

    def _is_ranked(self, pair: ScoredPair) -> bool:
        return any(metric.needs == "ranked" for metric in chosen_metrics(pair.metrics, self._metrics))

    def _kept(self, digest: str, slot: str) -> Volume:
        value = self._predictions.find(digest, slot)
        if isinstance(value, Volume):
            return value
        raise _AbsentError(f"its prediction {self._predictions.absence(digest)}")

    def _confidences(self, digest: str) -> Value:
        value = self._predictions.find(digest, CONFIDENCES)
        if value is None:
            raise _AbsentError(f"the file of its confidences {self._predictions.absence(digest)}")
        return value


class _AbsentError(Exception):
    """A kept prediction is not here; the text says why."""


def _with_unknown(again: Record, found: _Found) -> Record:
    """Return a record with what it had of metrics that nothing registered computes."""
    old = found.record
    unknown = [name for name in found.added if name not in again.metrics]
    if not unknown:
        return again
    return replace(
        again,
        metrics={**again.metrics, **{name: old.metrics[name] for name in unknown}},
        counts={**{name: value for name, value in old.counts.items() if name not in again.counts}, **again.counts},
        origins={**{name: old.origins[name] for name in unknown if name in old.origins}, **again.origins},
    )


def _is_of(record: Record, cell: Cell) -> bool:
    """Whether an altered record still says of its cell what the suite says."""
    return told(record.stages) == told(cell.chain) and record.seed == cell.seed


def _is_same(record: Record, again: Record) -> bool:
    """Whether nothing would change on disk: same key, metrics in the same order (NaN is NaN), counts, and so on."""
    if record.is_altered or record.cell != again.cell or dict(record.origins) != dict(again.origins):
        return False
    if dict(record.counts) != dict(again.counts):
        return False
    return list(_comparable(record.metrics)) == list(_comparable(again.metrics))


def _comparable(metrics: Mapping[str, float]) -> Iterator[tuple[str, float | None]]:
    return ((name, None if math.isnan(value) else value) for name, value in metrics.items())
