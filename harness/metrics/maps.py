"""How far two maps of real numbers lie apart, and how much a map jumps where tiles were joined.

Other metrics see a map through its threshold; these read the numbers. A pair of label images is a pair of maps as well.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from harness.metrics.counts import Counts, number
from harness.metrics.map_pairs import Maps, neighbours
from harness.metrics.metric import UNBOUNDED, Metric


def greatest_difference(maps: Maps) -> float:
    """Return the greatest |pred - truth|; NaN where no voxel is compared."""
    apart = maps.apart()
    return float(apart.max()) if apart.size else math.nan


def difference_counts(maps: Maps) -> Counts:
    """Sum |pred - truth| over the voxels compared, and count these."""
    apart = maps.apart()
    return {"difference.sum": float(apart.sum(dtype=np.float64)), "difference.voxels": int(apart.size)}


def mean_difference(counts: Counts) -> float:
    """Return the mean |pred - truth|; NaN where no voxel is compared."""
    voxels = number(counts, "difference.voxels")
    return number(counts, "difference.sum") / voxels if voxels else math.nan


def seam_counts(maps: Maps) -> Counts:
    """Sum the steps of `pred` from voxel to voxel, those across a seam and the others, and count both.

    `truth` says where seams lie: bit a of a voxel (1, 2, 4) is set where one lies between it and the next along axis a.
    Steps to or from a voxel that is not compared do not count.
    """
    total = {"seam.sum": 0.0, "seam.steps": 0, "seam.rest.sum": 0.0, "seam.rest.steps": 0}
    seams = maps.truth.astype(np.int64)
    for axis in range(maps.pred.ndim):
        before, after = neighbours(maps.pred.astype(np.float64), axis)
        steps = np.abs(after - before)
        across = neighbours(seams, axis)[0] >> axis & 1 > 0
        valid = np.ones(steps.shape, bool)
        if maps.compared is not None:
            valid = np.logical_and(*neighbours(maps.compared, axis))
        for name, chosen in (("seam", valid & across), ("seam.rest", valid & ~across)):
            total[f"{name}.sum"] += float(steps[chosen].sum())
            total[f"{name}.steps"] += int(np.count_nonzero(chosen))
    return total


def seam_contrast(counts: Counts) -> float:
    """Return the mean step across seams over the mean step elsewhere; NaN without seams, and for a constant rest."""
    across, rest = number(counts, "seam.steps"), number(counts, "seam.rest.steps")
    if not across or not rest or not number(counts, "seam.rest.sum"):
        return math.nan
    return (number(counts, "seam.sum") / across) / (number(counts, "seam.rest.sum") / rest)


_TILES = "Majurski & Bajcsy 2021, doi:10.6028/jres.126.009"
_CASES = ("both empty", "truth empty, 2 predicted", "truth of 2, prediction empty", "identical", "disjoint")


def _difference(
    name: str,
    title: str,
    expected: tuple[float, ...],
    *,
    function: Callable[[Maps], float] | None = None,
    counts: Callable[[Maps], Counts] | None = None,
    value: Callable[[Counts], float] | None = None,
) -> Metric:
    return Metric(
        id=f"difference.{name}",
        title=title,
        definition=f"{title}, |prediction - truth| voxel by voxel, of the numbers as they are (no threshold)",
        source=f"as tiles are held against the whole by {_TILES}",
        direction="lower",
        unit="fraction",
        range=UNBOUNDED,
        edge_cases=tuple(zip(_CASES, expected, strict=True)),
        function=function,
        counts=counts,
        value=value,
        needs="maps",
        nan_rule="left out",
    )


METRICS: tuple[Metric, ...] = (
    _difference("max", "greatest difference of two maps", (0, 2, 2, 0, 1), function=greatest_difference),
    _difference(
        "mean",
        "mean difference of two maps",
        (0, 172 / 400, 172 / 400, 0, 50 / 400),
        counts=difference_counts,
        value=mean_difference,
    ),
    Metric(
        id="seam.contrast",
        title="contrast of seams",
        definition="mean |step| of the predicted map from voxel to voxel across seams, over the mean |step| elsewhere; "
        "1 where seams cannot be told apart. The truth is an image of seams: bit a is set where one lies between a "
        "voxel and the next along axis a. Undefined without seams and where the rest is constant",
        source=f"rule of this project, for seams of tiles as in {_TILES}",
        direction="lower",
        unit="fraction",
        range=UNBOUNDED,
        edge_cases=(
            ("both empty", math.nan),
            ("truth empty, 2 predicted", math.nan),
            ("truth of 2, prediction empty", math.nan),
            ("identical", (22 / 136) / (46 / 624)),
        ),
        counts=seam_counts,
        value=seam_contrast,
        needs="maps",
        nan_rule="left out",
    ),
)
