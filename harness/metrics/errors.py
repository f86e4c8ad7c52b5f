"""Errors counted by class: how many objects are missed, spurious, split, merged, or drawn with a poor boundary.

The rule stands in `harness.metrics.classes`. `errors.spurious` counts predicted objects, the other six count truth
objects, so that they add up to `count.truth`. The counts of both sides are kept in every record.

Other rules: `deepcell_toolbox.metrics.ObjectMetrics` matches above an intersection over union of 1 - `cutoff1` (0.6 by
default), then takes connected components of the graph of what is left, whose edges are pairs that reach `cutoff2` (0.1)
or of which one lies in the other: a star around a truth object is one split, around a prediction one merge, any other
component one catastrophe, and two objects that only meet each other are one missed and one gained. It gives the rest of
a split whose larger part matches as gained, where this rule says split, and (0.12.1) counts each catastrophe among the
correct detections too. What funlib.evaluate counts as splits and
merges are operations that mend a reconstruction, not objects.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from harness.metrics.cases import USUAL
from harness.metrics.classes import CLASSES, MISSED, SPURIOUS, classified
from harness.metrics.counts import Counts, number
from harness.metrics.metric import UNBOUNDED, Direction, Metric
from harness.metrics.overlap import OverlapTable

TRUTH_CLASSES = tuple(name for index, name in enumerate(CLASSES) if index != SPURIOUS)
PRED_CLASSES = tuple(name for index, name in enumerate(CLASSES) if index != MISSED)


def error_counts(table: OverlapTable) -> Counts:
    """Count objects by class: `errors.truth.missed`, `errors.pred.split-merged`, and so on, twelve numbers.

    Those of the truth add up to `objects.truth`, those of the prediction to `objects.pred`.
    """
    truth, pred = (np.bincount(side, minlength=len(CLASSES)) for side in classified(table))
    return {
        **{count_name("truth", name): int(truth[CLASSES.index(name)]) for name in TRUTH_CLASSES},
        **{count_name("pred", name): int(pred[CLASSES.index(name)]) for name in PRED_CLASSES},
    }


def count_name(side: str, error_class: str) -> str:
    """Return the name of a count; side is "truth" or "pred"."""
    return f"errors.{side}.{slug(error_class)}"


def slug(error_class: str) -> str:
    """Return a class as ids write it.

    >>> slug("split and merged"), slug("poor boundary")
    ('split-merged', 'poor-boundary')
    """
    return error_class.replace(" and ", "-").replace(" ", "-")


def _value(side: str, error_class: str) -> Callable[[Counts], float]:
    name = count_name(side, error_class)
    return lambda counts: float(number(counts, name))


def _metric(error_class: str, title: str, rule: str, expected: tuple[float, ...]) -> Metric:
    side = "pred" if error_class == "spurious" else "truth"
    direction: Direction = "none" if error_class == "correct" else "lower"
    return Metric(
        id=f"errors.{slug(error_class)}",
        title=title,
        definition=f"number of {title}: {rule}; a lies in b if b holds more than half of a's voxels, match: IoU > .5, "
        "label 0 is background",
        source="rule of this project; deepcell_toolbox.metrics.ObjectMetrics counts connected groups instead",
        direction=direction,
        unit="count",
        range=UNBOUNDED,
        edge_cases=tuple(zip(USUAL, expected, strict=True)),
        counts=error_counts,
        value=_value(side, error_class),
        sparse="dense only" if error_class == "spurious" else "sparse safe",
        nan_rule="never",
    )


METRICS: tuple[Metric, ...] = (
    _metric("correct", "truth objects found", "they match a prediction", (0, 0, 0, 2, 0, 0, 1, 0, 0, 2)),
    _metric(
        "missed",
        "truth objects missed",
        "they lie in no prediction, and none lies in them",
        (0, 0, 2, 0, 1, 0, 0, 0, 0, 0),
    ),
    _metric(
        "spurious",
        "spurious predictions",
        "they lie in no truth object, and none lies in them",
        (0, 2, 0, 0, 1, 0, 0, 0, 0, 1),
    ),
    _metric(
        "split",
        "truth objects split",
        "they match nothing, and two predictions or more lie in them",
        (0, 0, 0, 0, 0, 0, 0, 0, 1, 0),
    ),
    _metric(
        "merged",
        "truth objects merged",
        "they match nothing, and lie in a prediction in which another truth object lies",
        (0, 0, 0, 0, 0, 0, 0, 2, 0, 0),
    ),
    _metric(
        "split and merged",
        "truth objects split and merged",
        "they match nothing, two predictions or more lie in them, and they lie in a prediction with another one",
        (0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
    ),
    _metric(
        "poor boundary",
        "truth objects with a poor boundary",
        "none of these, but they lie in a prediction, or one lies in them",
        (0, 0, 0, 0, 0, 1, 0, 0, 0, 0),
    ),
)
