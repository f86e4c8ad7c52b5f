"""The metrics of surfaces: every convention in every scope, those with a tolerance as families of ids.

An id is the convention, then `matched` or `panoptic` for objects in place of the foreground as a whole, then the
tolerance: "nsd.surfels.2um", "hd95.panoptica.matched", "boundary-iou.voxels.panoptic.1px".
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import numpy as np

from harness.families import Family
from harness.metrics.counts import Counts, number
from harness.metrics.metric import FRACTION, UNBOUNDED, Metric, NanRule
from harness.metrics.surfaces.conventions import CONVENTIONS, Convention
from harness.metrics.surfaces.evidence import Surfaces
from harness.metrics.surfaces.measures import Measure
from harness.metrics.surfaces.tolerance import Tolerance, parsed

FOREGROUND, MATCHED, PANOPTIC = "", "matched", "panoptic"
SCOPES = {
    FOREGROUND: "of the foreground as a whole, whatever object a voxel is of",
    MATCHED: "mean over pairs of objects, match: IoU > .5; unmatched objects count nowhere, no match is NaN",
    PANOPTIC: "sum over pairs of objects, match: IoU > .5, / (TP + FP/2 + FN/2), so that unmatched objects count 0",
}
"""What a measure is taken of, by the word in the id, and what unmatched objects count as."""
_WORDS = {MATCHED: "(matched objects)", PANOPTIC: "(all objects)"}
EXAMPLE = "2um"
Calculation = tuple[
    Callable[[Surfaces], float] | None, Callable[[Surfaces], Counts] | None, Callable[[Counts], float] | None
]
_ALIKE = "the image ends in background, and an ignored voxel takes its elements with it"


def _metric(convention: Convention, scope: str, tolerance: Tolerance | None) -> Metric:
    title = [convention.title, *([f"at {tolerance}"] if tolerance else []), *([_WORDS[scope]] if scope else [])]
    facts = (convention.formula, convention.elements, SCOPES[scope], _edges(convention, scope), _ALIKE)
    function, counts, value = _calculation(convention.measure, convention.id, scope, tolerance)
    return Metric(
        id=_id(convention.id, scope, tolerance),
        title=" ".join(title),
        definition="; ".join(facts),
        source=convention.source,
        direction="higher" if convention.has_tolerance else "lower",
        unit="fraction" if convention.has_tolerance else "um",
        range=FRACTION if convention.has_tolerance else UNBOUNDED,
        edge_cases=_edge_cases(convention, scope),
        needs="surfaces",
        sparse="sparse safe" if scope == MATCHED else "dense only",
        nan_rule=_nan_rule(convention, scope),
        function=function,
        counts=counts,
        value=value,
    )


def _id(convention: str, scope: str, tolerance: Tolerance | str | None) -> str:
    return ".".join(str(part) for part in (convention, scope, tolerance) if part)


def _calculation(measure: Measure, convention: str, scope: str, tolerance: Tolerance | None) -> Calculation:
    """Return the one function of what cannot be added over images, else counts and value."""
    if scope == FOREGROUND and measure.names is None:
        return partial(_whole, measure), None, None
    if scope == FOREGROUND:
        assert measure.names is not None
        names = measure.names(tolerance)
        return None, partial(_whole_counts, measure, names, tolerance), partial(_whole_value, measure, names)
    name = _id(convention, MATCHED, tolerance)
    value = partial(_mean_of_matches if scope == MATCHED else _share_of_objects, name)
    return None, partial(_object_counts, measure, name, tolerance), value


def _whole(measure: Measure, surfaces: Surfaces) -> float:
    return float(measure.value(*measure.parts(surfaces, "foreground", None))[0])


def _whole_counts(measure: Measure, names: tuple[str, ...], tolerance: Tolerance | None, surfaces: Surfaces) -> Counts:
    parts = measure.parts(surfaces, "foreground", tolerance)
    return {name: float(part[0]) for name, part in zip(names, parts, strict=True)}


def _whole_value(measure: Measure, names: tuple[str, ...], counts: Counts) -> float:
    return float(measure.value(*(np.array([float(number(counts, name))]) for name in names))[0])


def _object_counts(measure: Measure, name: str, tolerance: Tolerance | None, surfaces: Surfaces) -> Counts:
    """Sum the values of matched pairs; a pair with a surface that is ignored wholly has none."""
    parts = measure.parts(surfaces, "matched", tolerance)
    values = measure.value(*parts)[(parts[0] > 0) & (parts[1] > 0)]
    return {
        "objects.truth": surfaces.overlap.n_truth,
        "objects.pred": surfaces.overlap.n_pred,
        f"{name}.pairs": values.size,
        f"{name}.sum": math.fsum(values.tolist()),
    }


def _mean_of_matches(name: str, counts: Counts) -> float:
    pairs = number(counts, f"{name}.pairs")
    return number(counts, f"{name}.sum") / pairs if pairs else math.nan


def _share_of_objects(name: str, counts: Counts) -> float:
    objects = number(counts, "objects.truth") + number(counts, "objects.pred")
    return 2 * number(counts, f"{name}.sum") / objects if objects else 1.0


def _edges(convention: Convention, scope: str) -> str:
    if scope == MATCHED:
        return "NaN where nothing matches"
    one_empty = "0" if convention.has_tolerance else "NaN"
    empty = 1 if scope == PANOPTIC else convention.both_empty
    return f"both empty {'NaN' if math.isnan(empty) else f'{empty:g}'}, one empty {one_empty}"


def _edge_cases(convention: Convention, scope: str) -> tuple[tuple[str, float], ...]:
    """Return what follows for any measure; tolerances are below the 13 voxels between the objects of "disjoint"."""
    best, missed = (1.0, 0.0) if convention.has_tolerance else (0.0, math.nan)
    if scope == MATCHED:
        missed = math.nan
    both_empty = {FOREGROUND: convention.both_empty, MATCHED: math.nan, PANOPTIC: 1.0}[scope]
    return (
        ("both empty", both_empty),
        ("truth empty, 2 predicted", missed),
        ("truth of 2, prediction empty", missed),
        ("identical", best),
        *((("half missed, IoU exactly .5", missed), ("disjoint", missed)) if scope else ()),
    )


def _nan_rule(convention: Convention, scope: str) -> NanRule:
    if scope == PANOPTIC:
        return "never"
    if scope == MATCHED:
        return "left out"
    if not convention.has_tolerance:
        return "spreads"
    return "left out" if math.isnan(convention.both_empty) else "never"


def _family(convention: Convention, scope: str) -> Family[Metric]:
    prefix = f"{_id(convention.id, scope, None)}."

    def make(name: str) -> Metric | None:
        tolerance = parsed(name.removeprefix(prefix)) if name.startswith(prefix) else None
        return None if tolerance is None else _metric(convention, scope, tolerance)

    return Family(f"{prefix}<tolerance>um", f"{prefix}{EXAMPLE}", make)


METRICS: tuple[Metric, ...] = tuple(
    _metric(convention, scope, None)
    for convention in CONVENTIONS
    if not convention.has_tolerance
    for scope in (FOREGROUND, MATCHED)
)
"""The metrics without a tolerance."""

FAMILIES: tuple[Family[Metric], ...] = tuple(
    _family(convention, scope) for convention in CONVENTIONS if convention.has_tolerance for scope in SCOPES
)
"""The metrics with a tolerance in micrometres or, where the size of a voxel is unknown, in pixels."""
