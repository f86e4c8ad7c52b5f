"""Intervals of the means of a table, over units and over what lies in them."""

from __future__ import annotations

from dataclasses import replace

from harness.standing import Standing
from harness.standing.units import nested_values
from harness.statistics import BOOTSTRAP_UNITS, LEAST_UNITS, nested_interval
from harness.tables.model import Score, TableRow

MEANING = (
    f"[from, to]: 95 % interval of the mean, by Student's t over units, from {BOOTSTRAP_UNITS} units on by the cluster "
    f"bootstrap of units, of samples in them and of repeats in these; open: fewer than {LEAST_UNITS} units"
)
"""What stands in brackets behind a mean."""


def with_intervals(standing: Standing, row: TableRow) -> TableRow:
    """Return a row of a table with the interval of each mean.

    Units are what the suite's spread is over; where a row has only one of them, samples, else repeats.
    """
    scores = {metric: _with_interval(standing, row, metric, score) for metric, score in row.scores.items()}
    return replace(row, scores=scores)


def _with_interval(standing: Standing, row: TableRow, metric: str, score: Score) -> Score:
    whole = standing.of(row.id)
    records = (whole.on(row.dataset) if row.dataset else whole).scored
    suite = standing.suite
    values = nested_values(records, metric, suite.spread_over, standing.combine, suite.file.aggregation)
    interval = nested_interval(list(values.values()), list(values)) if values else None
    return replace(score, interval=interval)
