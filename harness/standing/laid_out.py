"""The values of a row by path: where each lies among the units (folds, samples, data sets) that a ranking resamples."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from itertools import repeat, starmap
from operator import attrgetter

import numpy as np

from harness.aggregation import combined
from harness.errors import LabelError
from harness.metrics import Metric
from harness.metrics.ap import MEANS, POINTS, Convention, precisions
from harness.metrics.means import plain_mean
from harness.model import Aggregation
from harness.standing.standing import RowStanding
from harness.statistics import Path
from harness.store import Record
from harness.suite.schema import SpreadOver

Place = Callable[[str, str, str], Path]
"""From data set, sample and fold to the path on which a value lies."""
_placed = attrgetter("dataset", "sample", "fold")


@dataclass(frozen=True, slots=True, eq=False)
class LaidOut:
    """A row by path.

    several  its scored records, where some path has more than one; else nothing
    lacking  how many cells have no scores
    single   the record of each path, where every path has one; else nothing
    named    the metrics that some record has
    curves   by convention, what was computed of its curve, all points at once: (paths, points)
    """

    id: str
    paths: tuple[Path, ...]
    several: Mapping[Path, list[Record]]
    lacking: Mapping[Path, int]
    single: Mapping[Path, Record]
    named: frozenset[str]
    curves: dict[str, np.ndarray] = field(default_factory=dict)

    def values(self, name: str, metric: Metric, how: Aggregation) -> Mapping[Path, float]:
        """Return the value of each path: repeats of a sample are averaged, pooled ones added first.

        Raises `LabelError` and `StoreError` where records keep no counts that it needs.
        """
        if quick := self._mean_curve(name, metric) if how == "pooled" else self._at_hand(name, metric):
            return quick
        found, known = {}, {name: metric}
        for path, own in (self.several or {path: [record] for path, record in self.single.items()}).items():
            records = [record for record in own if has_value(record, name, metric)]
            if records and how == "pooled":
                found[path] = combined(records, name, how, known)
            elif len(records) == 1:
                found[path] = _value(records[0], name, metric)
            elif records:
                found[path] = plain_mean([_value(record, name, metric) for record in records])
        return found

    def filled(self, values: Mapping[Path, float], worst: float, paths: Sequence[Path]) -> list[float]:
        """Return the value on each path: `worst` where cells have none that should, NaN where the row has no cells."""
        if not self.lacking:
            if paths == self.paths == tuple(values):  # most often, and in a moment: paths are made once
                return list(values.values())
            return list(map(values.get, paths, repeat(math.nan)))
        return [worst if path in self.lacking else values.get(path, math.nan) for path in paths]

    def _at_hand(self, name: str, metric: Metric) -> Mapping[Path, float]:
        """Return the values of a row of which every path has one record, and each of these the metric; else nothing.

        They also have it as a point of a curve that their counts tell.
        """
        try:
            return dict(zip(self.single, [record.metrics[name] for record in self.single.values()], strict=True))
        except KeyError:
            if metric.id not in POINTS or name in self.named:
                return {}
        convention, at = POINTS[metric.id]
        points = self._curve(convention)
        return dict(zip(self.single, points[:, at].tolist(), strict=True)) if len(points) else {}

    def _mean_curve(self, name: str, metric: Metric) -> Mapping[Path, float]:
        """Return the means of curves of one image each, from their counts; nothing where they are not all told."""
        if metric.id not in MEANS or any(name not in record.metrics for record in self.single.values()):
            return {}
        points = self._curve(MEANS[metric.id]).tolist() if self.single else []
        return {path: math.fsum(own) / len(own) for path, own in zip(self.single, points, strict=False)}

    def _curve(self, convention: Convention) -> np.ndarray:
        """Return the points of a curve, (paths, points); no paths where the counts of some record do not tell them."""
        if convention.name not in self.curves:
            try:
                points = precisions([record.counts for record in self.single.values()], convention)
            except LabelError:
                points = np.empty((0, 0))
            self.curves[convention.name] = points
        return self.curves[convention.name]


def laid_out(own: RowStanding, place: Place, curves: dict[str, np.ndarray] | None = None) -> LaidOut:
    """Return a row by the paths on which its values lie; `curves` are shared with the row by other paths."""
    places = list(starmap(place, map(_placed, own.scored)))
    single = dict(zip(places, own.scored, strict=True))
    named = frozenset[str]().union(*(record.metrics for record in own.scored))
    several: dict[Path, list[Record]] = defaultdict(list)
    if len(single) < len(places):
        single = {}
        for path, record in zip(places, own.scored, strict=True):
            several[path].append(record)
    # the points of curves are of single records, in their order, which is the same by whatever paths
    kept = curves if single and curves is not None else {}
    if own.ok == len(own.cells):  # records stand in the order of their cells: there is nothing more to look up
        return LaidOut(own.row, tuple(single or several), dict(several), {}, single, named, kept)
    done = {record.id for record in own.scored}
    exempt = {record.id for record in own.records if record.status == "not-applicable"}
    lacking: dict[Path, int] = defaultdict(int)
    paths: dict[Path, None] = {}
    for cell in own.cells:
        path = place(cell.data.dataset, cell.sample, cell.fold.id)
        paths[path] = None
        if cell.id not in done and cell.id not in exempt:
            lacking[path] += 1
    return LaidOut(own.row, tuple(paths), dict(several), dict(lacking), single, named, kept)


def has_value(record: Record, name: str, metric: Metric) -> bool:
    """Return whether a record has a metric, or as a point of a curve the counts that it follows from."""
    return name in record.metrics or (metric.at is not None and f"tp.{metric.id.partition('.')[2]}" in record.counts)


def _value(record: Record, name: str, metric: Metric) -> float:
    if name in record.metrics:
        return record.metrics[name]
    return metric.pooled([record.counts])  # a point looks for its own counts alone, those of the unnamed pair


def placing(over: SpreadOver, how: Aggregation) -> Place:
    """Return what says on which path a value lies under an aggregation, in a suite whose spread is over units.

    It makes each path once: rows that are run on the same samples share them, and are compared in a moment.
    """
    return cache(partial(_place, over=over, how=how))


def _place(dataset: str, sample: str, fold: str, *, over: SpreadOver, how: Aggregation) -> Path:
    """Return where a value lies among the units that are resampled: fold where the suite counts folds, then sample."""
    unit = (dataset, fold) if over == "folds" else (dataset, sample)
    if how == "pooled":
        return (unit,)
    return (dataset, unit, sample) if how == "per-dataset" else (unit, sample)
