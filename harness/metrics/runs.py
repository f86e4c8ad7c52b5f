"""Expected run length of a prediction along the lines that a truth traces, in micrometres and as a share of the whole.

The truth is a label image of skeletons: each label is a line of one voxel's width. Which edges it has stands in
`harness.metrics.traces`, which of them are right in `harness.metrics.skeleton`. Voxels off the lines count for nothing.
"""

from __future__ import annotations

import math

from harness.metrics.counts import Counts, number
from harness.metrics.metric import FRACTION, UNBOUNDED, Metric
from harness.metrics.skeleton import run_lengths
from harness.metrics.traces import Traces

_SOURCE = "Januszewski et al. 2018, doi:10.1038/s41592-018-0049-4; funlib.evaluate.expected_run_length"
_RUNS = (
    "run: length² of the right edges that one predicted label holds; right: both nodes have the label, not 0, which "
    "holds nodes of no other line; a line is a true label, its edges a least tree of touching voxels"
)


def run_counts(evidence: Traces) -> Counts:
    """Measure the lines and sum the squares of runs, those found and those of a prediction without an error."""
    lines = evidence.skeletons
    found, length = run_lengths(lines, evidence.segments)
    whole, _ = run_lengths(lines, lines.skeleton)
    return {"run.length-um": length, "run.squared-um2": found, "run.whole-um2": whole}


def expected_run(counts: Counts) -> float:
    """Return the sum of squared runs over the length of the lines; NaN without any length."""
    length = number(counts, "run.length-um")
    return number(counts, "run.squared-um2") / length if length else math.nan


def run_share(counts: Counts) -> float:
    """Return the sum of squared runs over that of a prediction without an error; NaN without any length."""
    whole = number(counts, "run.whole-um2")
    return number(counts, "run.squared-um2") / whole if whole else math.nan


# Squares of 10 and 6 voxels have trees of 99 and 35 edges of 1 µm; rows are joined along their first voxels.
_WHOLE = 99**2 + 35**2

METRICS: tuple[Metric, ...] = (
    Metric(
        id="erl.traced",
        title="expected run length along traced lines",
        definition=f"runs summed / length of all lines; {_RUNS}; undefined without a line of any length",
        source=_SOURCE,
        direction="higher",
        unit="um",
        range=UNBOUNDED,
        edge_cases=(
            ("both empty", math.nan),
            ("truth empty, 2 predicted", math.nan),
            ("truth of 2, prediction empty", 0.0),
            ("identical", _WHOLE / 134),
            ("disjoint", 0.0),
            ("half missed, IoU exactly .5", 49**2 / 99),
            ("1 split 60:40", (59**2 + 39**2) / 99),
            ("2 merged into 1", 0.0),
            ("1 in two far parts, predicted as 2", 24.0),
            ("background predicted as 7", _WHOLE / 134),
            ("ids 10, 20 predicted as 1000, 2000", _WHOLE / 134),
        ),
        counts=run_counts,
        value=expected_run,
        needs="traces",
        sparse="sparse safe",
        nan_rule="left out",
    ),
    Metric(
        id="erl-share.traced",
        title="expected run length along traced lines, as a share of that without an error",
        definition=f"runs summed / those of a label for each line; {_RUNS}; undefined without a line of any length",
        source=_SOURCE,
        direction="higher",
        unit="fraction",
        range=FRACTION,
        edge_cases=(
            ("both empty", math.nan),
            ("truth empty, 2 predicted", math.nan),
            ("truth of 2, prediction empty", 0.0),
            ("identical", 1.0),
            ("disjoint", 0.0),
            ("half missed, IoU exactly .5", 49**2 / 99**2),
            ("1 split 60:40", (59**2 + 39**2) / 99**2),
            ("2 merged into 1", 0.0),
            ("1 in two far parts, predicted as 2", 0.5),
            ("background predicted as 7", 1.0),
            ("ids 10, 20 predicted as 1000, 2000", 1.0),
        ),
        counts=run_counts,
        value=run_share,
        needs="traces",
        sparse="sparse safe",
        nan_rule="left out",
    ),
)
