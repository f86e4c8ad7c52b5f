"""The ranking of a suite's rows on one metric: which cells count, what stands for one that failed, and over what.

Rows that are made from the ground truth or that give the same answer to every image are no methods: they bound what
methods can get, and have no rank. Rows that the truth prompts are ranked among themselves. A cell without scores does
not make its row better: in its place the ranking (and nothing else) takes the worst value that the metric can have, or
where there is none the worst that any row has.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Literal

import numpy as np

from harness.errors import LabelError, StoreError
from harness.metrics import Metric
from harness.model import Aggregation, Cell, UsesTruth
from harness.standing.laid_out import LaidOut, laid_out, placing
from harness.standing.standing import Standing
from harness.statistics import BOOTSTRAP_UNITS, Path, Ranking, rank_rows
from harness.statistics.resampling import tree_of

RESAMPLES = 1999
"""Enough for p-values of 0.05 that Holm's method divides by some 50 rows."""

Bound = Literal["", "floor", "ceiling", "control"]
FLOORS = frozenset({"empty", "one-object"})
"""Stages that give the same answer to every image."""
CEILINGS = frozenset({"truth", "jittered", "second-annotator"})
"""Stages that show what a perfect answer, or one as good as an annotator's, gets."""
CHOOSERS = frozenset({"best-masks-by-truth"})
"""Stages, anywhere in a chain, that choose among answers by the truth."""


@dataclass(frozen=True, slots=True, eq=False)
class RankedRows:
    """Rows on one metric of one data set ("" for all), under one aggregation.

    rows     ids of the ranked rows; `ranking` names them by their index
    units    how many independent units (folds, samples or data sets) the means are over
    imputed  by row, how many cells without scores have `worst` in their place
    """

    metric: str
    dataset: str
    aggregation: Aggregation
    rows: tuple[str, ...]
    ranking: Ranking
    units: int
    imputed: Mapping[str, int]
    worst: float

    @property
    def means(self) -> dict[str, float]:
        """Means by row, best first."""
        return {self.rows[place.row]: place.mean for place in self.ranking.rows}

    @property
    def first(self) -> tuple[str, ...]:
        """Rows of the first group, best first: one row is the best, several are equals."""
        return tuple(self.rows[place.row] for place in self.ranking.rows if place.group == 1)

    @property
    def is_decidable(self) -> bool:
        """Whether there are units enough to tell any two rows apart."""
        return self.units >= BOOTSTRAP_UNITS


def bound_of(cells: Iterable[Cell]) -> Bound:
    """Return what a row bounds, "" for a method: its last stage says so, or one that chooses by the truth."""
    cell = next(iter(cells), None)
    if cell is None or not cell.chain:
        return ""
    last = cell.chain[-1].id
    if last in FLOORS:
        return "floor"
    if last in CEILINGS or any(spec.id in CHOOSERS for spec in cell.chain):
        return "ceiling"
    return "control" if cell.uses_truth == "control" else ""


def is_prompted(cells: Iterable[Cell]) -> bool:
    """Return whether a row was told by the ground truth where the objects are."""
    return "prompts" in uses_of_truth(cells)


def uses_of_truth(cells: Iterable[Cell]) -> tuple[UsesTruth, ...]:
    """Return what the chains of a row's cells read the truth for, in the order of the cells; nothing where none does.

    A chain is asked once: a thousand cells share it.
    """
    of_chains = {id(cell.chain): cell for cell in cells}.values()
    return tuple(cell.uses_truth for cell in of_chains if cell.uses_truth)


def comparable_lines(standing: Standing, lines: Iterable[tuple[str, str]]) -> tuple[tuple[tuple[str, str], ...], ...]:
    """Return the lines of a table, (row, data set or "" for all of the row), in groups that may be ranked.

    A rank among rows of other data says nothing; one of rows that were told where the objects are, among rows that had
    to find them, is unfair: of one data set, lines of rows that the truth prompts come last. A line without a data set
    is of the same data as one that names the only data set of its row.
    """
    groups: dict[tuple[bool, frozenset[tuple[str, str]]], list[tuple[str, str]]] = defaultdict(list)
    order: dict[str, int] = {}
    for row, dataset in lines:
        order.setdefault(dataset, len(order))
        own = standing.of(row)
        cells = own.on(dataset).cells if dataset else own.cells
        if cells:
            same = frozenset((cell.data.dataset, cell.sample) for cell in cells)
            groups[is_prompted(cells), same].append((row, dataset))
    by_data = sorted(groups.items(), key=lambda group: (order[group[1][0][1]], group[0][0]))
    return tuple(tuple(found) for _, found in by_data)


class Ranker:
    """Ranks the methods of a standing, metric by metric, over what is read of its cells once.

    `dataset` "" takes all data sets; `among` are rows that may be held against each other (`comparable_lines`), None
    takes all.
    """

    def __init__(self, standing: Standing, *, dataset: str = "", among: Collection[str] | None = None) -> None:
        self._standing = standing
        self._dataset = dataset
        self._methods = [
            own.on(dataset) if dataset else own
            for own in standing.rows.values()
            if (among is None or own.row in among) and not bound_of(own.cells)
        ]
        self._laid_out: dict[tuple[bool, bool], tuple[LaidOut, ...]] = {}
        self._curves: dict[str, dict[str, np.ndarray]] = defaultdict(dict)

    def ranked(
        self,
        name: str,
        *,
        aggregation: Aggregation | None = None,
        metric: Metric | None = None,
        without: Collection[str] = (),
    ) -> RankedRows | None:
        """Return the ranking on one metric; None where fewer than two methods have scores.

        None also for a metric without a better side, and for an aggregation that its records do not allow. `metric` is
        given for one that the suite does not name and counts tell; rows of `without` are left out. Fewer than
        `BOOTSTRAP_UNITS` units tell nothing apart: all rows are then of one group.
        """
        meant = metric or self._standing.metrics[name]
        how = aggregation or self._standing.suite.file.aggregation
        if meant.direction == "none":
            return None
        rows = [row for row in self._rows(how) if row.id not in without]
        try:
            values = {row.id: row.values(name, meant, how) for row in rows}
        except (LabelError, StoreError):  # its records keep no counts that could be pooled
            return None
        rows = [row for row in rows if any(map(math.isfinite, values[row.id].values()))]
        if len(rows) < 2:
            return None
        worst = _worst(meant, (value for row in rows for value in values[row.id].values()))
        paths: Sequence[Path] = rows[0].paths
        if any(row.paths != paths for row in rows):
            paths = list(dict.fromkeys(chain.from_iterable(row.paths for row in rows)))
        matrix = np.array([row.filled(values[row.id], worst, paths) for row in rows])
        units = tree_of(paths).units
        is_decidable = units >= BOOTSTRAP_UNITS
        ranking = rank_rows(matrix, paths, meant.direction, resamples=RESAMPLES if is_decidable else 1)
        return RankedRows(
            metric=name,
            dataset=self._dataset,
            aggregation=how,
            rows=tuple(row.id for row in rows),
            ranking=ranking if is_decidable else _undecided(ranking),
            units=units,
            imputed={row.id: sum(row.lacking.values()) for row in rows if row.lacking},
            worst=worst,
        )

    def _rows(self, how: Aggregation) -> tuple[LaidOut, ...]:
        """Return the rows by path; pooled values and means of data sets lie on paths of their own."""
        over = self._standing.suite.spread_over
        key = (how == "pooled", how == "per-dataset")
        if key not in self._laid_out:
            place = placing(over, how)
            self._laid_out[key] = tuple(laid_out(own, place, self._curves[own.row]) for own in self._methods)
        return self._laid_out[key]


def _worst(metric: Metric, values: Iterable[float]) -> float:
    """Return the worst value a metric can have, else the worst of these."""
    end = metric.range[0] if metric.direction == "higher" else metric.range[1]
    if math.isfinite(end):
        return end
    known = [value for value in values if math.isfinite(value)]
    return (min if metric.direction == "higher" else max)(known, default=math.nan)


def _undecided(ranking: Ranking) -> Ranking:
    """Return a ranking in which nothing is told apart: every row may have any place."""
    rows = tuple(
        replace(row, rank_low=1, rank_high=len(ranking.rows), low=math.nan, high=math.nan, group=1, anchor=number == 0)
        for number, row in enumerate(ranking.rows)
    )
    return Ranking(rows, (False,) * len(ranking.separable))
