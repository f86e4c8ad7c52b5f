"""Recall of objects by their size and by how crowded they lie: the quarters of the true objects of an image.

The 25th, 50th and 75th percentile of what the true objects are divided by (linear between neighbours) make the
quarters; an object lies in the quarter 1 + the number of percentiles that are less than its own value, so that objects
of one value lie together and a quarter may be empty. Pooled, each object stays in the quarter of its own image.

They are divided by size in voxels, 1 the smallest; or by the distance from the centre of an object (the mean of its
voxels) to that of the next true object, 1 the most crowded, in micrometres ("um") or in voxels whatever their size
("px"). An object that is alone in its image has no next one and lies in quarter 4.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache, partial

import numpy as np

from harness.metrics.counts import Counts, series
from harness.metrics.metric import FRACTION, Metric
from harness.metrics.overlap import OverlapTable
from harness.metrics.positions import Neighbours, Unit

_DSB = "Caicedo et al. 2019, doi:10.1038/s41592-019-0612-7"
_OWN = "defined here; crowding as distance to the nearest neighbour: Clark and Evans 1954, doi:10.2307/1931034"
QUARTERS = (1, 2, 3, 4)
UNITS: tuple[Unit, ...] = ("um", "px")


def quarter_counts(table: OverlapTable) -> Counts:
    """Count true objects, and those matched at an IoU above one half, in each quarter of sizes."""
    return _counted(table, table.truth_sizes[table.first_truth :], "quarter")


def neighbour_counts(evidence: Neighbours, *, unit: Unit) -> Counts:
    """Count true objects, and those matched at an IoU above one half, in each quarter of distances to the next."""
    return _counted(evidence.table, evidence.distances(unit), f"neighbour-quarter.{unit}")


@cache
def counts_of_neighbours(unit: Unit) -> Callable[[Neighbours], Counts]:
    """Return the function that counts by distances in a unit; one function a unit."""
    return partial(neighbour_counts, unit=unit)


def _counted(table: OverlapTable, values: np.ndarray, name: str) -> Counts:
    """Count true objects, and the matched ones, by the quarter of their values, (t,); infinite ones lie in the last."""
    quarter = np.full(values.size, 3)
    if (known := values[np.isfinite(values)]).size:
        quarter[np.isfinite(values)] = np.searchsorted(np.percentile(known, (25, 50, 75)), known, side="left")
    pairs = table.objects.candidates(0.5)
    found = pairs.rows[2 * pairs.counts > pairs.unions] - table.first_truth
    return {
        f"{name}.objects": tuple(np.bincount(quarter, minlength=4).tolist()),
        f"{name}.match.50": tuple(np.bincount(quarter[found], minlength=4).tolist()),
    }


def quarter_recall(counts: Counts, quarter: int, name: str = "quarter") -> float:
    """Return the share of the true objects of a quarter (1 to 4) that are matched; NaN if it has none."""
    objects = series(counts, f"{name}.objects")[quarter - 1]
    return series(counts, f"{name}.match.50")[quarter - 1] / objects if objects else math.nan


def _by_size(quarter: int) -> Metric:
    end = quarter in (1, 4)
    lone = 1.0 if quarter == 1 else math.nan
    return Metric(
        id=f"recall.50.quarter-{quarter}",
        title=f"recall at IoU .50 of true objects in quarter {quarter} of sizes",
        definition="matched true objects / true objects of the quarter, 1 the smallest; quarters by the 25th, 50th and "
        "75th percentile of the image's true sizes, a size equal to one lies below it; match: IoU > .5, label 0 is "
        "background; NaN for a quarter without objects",
        source=_DSB,
        direction="higher",
        unit="fraction",
        range=FRACTION,
        edge_cases=(
            ("both empty", math.nan),
            ("truth empty, 2 predicted", math.nan),
            ("truth of 2, prediction empty", 0.0 if end else math.nan),
            ("identical", 1.0 if end else math.nan),
            ("disjoint", 0.0 if quarter == 1 else math.nan),
            ("half missed, IoU exactly .5", 0.0 if quarter == 1 else math.nan),
            ("1 split 60:40", lone),
            ("background predicted as 7", 1.0 if end else math.nan),
        ),
        counts=quarter_counts,
        value=partial(quarter_recall, quarter=quarter),
        sparse="sparse safe",
        nan_rule="left out",
    )


def _by_neighbour(quarter: int, unit: Unit) -> Metric:
    measured = "in micrometres" if unit == "um" else "in voxels whatever their size"

    def of(pair: float, alone: float) -> float:
        """Return the value of a truth of two, which are equally near each other, or of one."""
        return pair if quarter == 1 else alone if quarter == 4 else math.nan

    return Metric(
        id=f"recall.50.neighbour-quarter-{quarter}.{unit}",
        title=f"recall at IoU .50 of true objects in quarter {quarter} of distances to the next, {measured}",
        definition=f"matched true objects / true objects of the quarter, 1 the most crowded; distance {measured} from "
        "the mean of an object's voxels to that of the next true object; quarters by its 25th, 50th and 75th "
        "percentile in the image, a distance equal to one lies below it, an object that is alone in 4; match: IoU > "
        ".5, label 0 is background; NaN for a quarter without objects",
        source=_OWN,
        direction="higher",
        unit="fraction",
        range=FRACTION,
        edge_cases=(
            ("both empty", math.nan),
            ("truth empty, 2 predicted", math.nan),
            ("truth of 2, prediction empty", of(0.0, math.nan)),
            ("identical", of(1.0, math.nan)),
            ("disjoint", of(math.nan, 0.0)),
            ("half missed, IoU exactly .5", of(math.nan, 0.0)),
            ("1 split 60:40", of(math.nan, 1.0)),
            ("2 merged into 1", of(0.0, math.nan)),
            ("background predicted as 7", of(1.0, math.nan)),
        ),
        counts=counts_of_neighbours(unit),
        value=partial(quarter_recall, quarter=quarter, name=f"neighbour-quarter.{unit}"),
        needs="neighbours",
        sparse="sparse safe",
        nan_rule="left out",
    )


METRICS: tuple[Metric, ...] = (
    *map(_by_size, QUARTERS),
    *(_by_neighbour(quarter, unit) for unit in UNITS for quarter in QUARTERS),
)
