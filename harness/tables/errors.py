"""What went wrong, row by row: objects of all scored cells by class of error."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

from harness.aggregation import counts_of_pair
from harness.metrics.counts import Counts
from harness.metrics.errors import TRUTH_CLASSES, count_name
from harness.standing import RowStanding, Standing

SHOWN = ("correct", "poor boundary", "split", "merged", "split and merged", "missed", "spurious")
"""Classes in the order in which they are shown; all but "spurious" are of truth objects."""
COUNTS = {name: count_name("pred" if name == "spurious" else "truth", name) for name in SHOWN}
"""By class of `SHOWN`, the name of its count."""
_KEPT = frozenset(COUNTS.values())
_counted = itemgetter(*COUNTS.values())
"""Takes the counts of all classes from a record at once: there may be a hundred thousand."""


@dataclass(frozen=True, slots=True)
class ErrorRow:
    """Objects of a row's scored cells by class.

    cells    cells with scores
    counted  those whose records keep the classes; the objects are of these
    objects  by class of `SHOWN`: truth objects, and spurious predictions
    """

    id: str
    label: str
    cells: int
    counted: int
    objects: Mapping[str, int] = field(hash=False)

    @property
    def truth(self) -> int:
        """How many truth objects the counted cells have."""
        return sum(self.objects[name] for name in TRUTH_CLASSES)


def error_rows(standing: Standing) -> tuple[ErrorRow, ...]:
    """Return the rows of a suite on a tier of which a scored cell keeps its classes, in the order of the suite.

    Cells of several data sets and folds are taken together; only the scores of the row itself are meant, not those of
    named pairs.
    """
    rows = (_row(row.id, row.label, standing.of(row.id)) for row in standing.suite.rows if row.id in standing.rows)
    return tuple(row for row in rows if row.counted)


def error_notes(rows: Iterable[ErrorRow]) -> tuple[str, ...]:
    """Return what a reader must know of rows in which some cells are not counted."""
    return tuple(
        f"{row.label}: {row.cells - row.counted} of {row.cells} scored cells keep no classes of errors and are left "
        "out; `harness rescore` adds them where the predictions are kept"
        for row in rows
        if row.counted < row.cells
    )


def _row(row: str, label: str, part: RowStanding) -> ErrorRow:
    kept = [_classes(record.counts) for record in part.scored]
    counted = [counts for counts in kept if counts]
    objects = {name: sum(map(int, column)) for name, column in zip(SHOWN, zip(*counted, strict=True), strict=False)}
    return ErrorRow(row, label, len(kept), len(counted), objects)


def _classes(counts: Counts) -> tuple[Any, ...]:
    """Return the classes of the unnamed pair of a record in the order of `SHOWN`, nothing where it keeps none."""
    own = counts_of_pair(counts, "")
    return _counted(own) if own.keys() >= _KEPT else ()
