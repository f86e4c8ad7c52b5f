"""What the CREMI challenge reports: adapted Rand error and CREMI score as its evaluation class computes them.

CREMI score = sqrt(VOI · ARand), VOI = split + merge in bits. The class `NeuronIds` differs from the functions that it
calls:

|               | truth 0             | voxels left out                               | predicted 0                   |
|---------------|---------------------|-----------------------------------------------|-------------------------------|
| challenge     | an ordinary segment | truth 2**64 - 1                               | ARand: every voxel its own    |
| challenge-25nm | an ordinary segment | truth 2**64 - 1, and 25 nm around its borders | ARand: every voxel its own    |
| elf           | an ordinary segment | none                                          | an ordinary segment           |
| elf-gt0       | left out            | truth 0                                       | an ordinary segment           |

`arand.cremi` is the function alone, which drops truth 0. With predicted 0 "challenge" does not call a perfect
prediction perfect, since background then never agrees; CREMI's volumes have no background. The width of the band is a
parameter of the class for which it names no value; 25 nm is this project's, and stands in the id.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import numpy as np

from harness.metrics.band import LEFT_OUT
from harness.metrics.counts import Counts, number
from harness.metrics.information import ALL, entropy, information_counts, kept_counts
from harness.metrics.metric import FRACTION, UNBOUNDED, Evidence, Metric
from harness.metrics.overlap import OverlapTable
from harness.metrics.rand import rand_counts, squares, sum_of_squares

_CREMI = "CREMI challenge, cremi.org/metrics, cremi.evaluation.NeuronIds of its Python package"
_SNEMI = "Arganda-Carreras et al. 2015, doi:10.3389/fnana.2015.00142"
_MEILA = "Meila 2007, doi:10.1016/j.jmva.2006.11.013"


def challenge_counts(table: OverlapTable, *, name: str) -> Counts:
    """Count, under "cremi.<name>", what both numbers need of the voxels that the challenge does not leave out.

    voxels          all voxels of the table, which the size of a lone voxel's segment is measured by
    kept            those with a truth label other than 2**64 - 1
    both, truth, pred, alone   as in `rand_counts`, over the kept ones
    split, merge    bits of the variation of information
    """
    keep = table.truth_ids[table.rows] != np.uint64(LEFT_OUT)
    rows, cols, counts = table.rows[keep], table.cols[keep], table.counts[keep]
    truth, pred = np.zeros(table.truth_ids.size, np.int64), np.zeros(table.pred_ids.size, np.int64)
    np.add.at(truth, rows, counts)
    np.add.at(pred, cols, counts)
    return {
        f"cremi.{name}.voxels": table.voxels,
        f"cremi.{name}.kept": int(counts.sum()),
        f"cremi.{name}.both": sum_of_squares(counts[cols >= table.first_pred]),
        f"cremi.{name}.truth": sum_of_squares(truth),
        f"cremi.{name}.pred": sum_of_squares(pred[table.first_pred :]),
        f"cremi.{name}.alone": int(pred[: table.first_pred].sum()),
        f"cremi.{name}.split": math.fsum((counts * np.log2(truth[rows] / counts)).tolist()),
        f"cremi.{name}.merge": math.fsum((counts * np.log2(pred[cols] / counts)).tolist()),
    }


def challenge_rand(counts: Counts, *, name: str) -> float:
    """Return the adapted Rand error of the class; NaN if it leaves out every voxel."""
    voxels, kept, both, truth, pred, alone = (
        int(number(counts, f"cremi.{name}.{part}")) for part in ("voxels", "kept", "both", "truth", "pred", "alone")
    )
    if not kept:
        return math.nan
    # A voxel predicted as 0 adds 1 / voxels to the sums, which are multiplied by that number to stay whole.
    shared, total = both * voxels + alone, (truth + pred) * voxels + alone
    return (total - 2 * shared) / total


def challenge_score(counts: Counts, *, name: str) -> float:
    """Return the CREMI score of the class; NaN if it leaves out every voxel."""
    voi = entropy(counts, (f"cremi.{name}.split", f"cremi.{name}.merge"), f"cremi.{name}.kept")
    return math.sqrt(voi * challenge_rand(counts, name=name))


def elf_counts(table: OverlapTable) -> Counts:
    """Count what elf's CREMI score needs: sums of squares and bits, over all voxels and over those of truth objects."""
    return {**rand_counts(table), **information_counts(table), **kept_counts(table, name="gt0")}


def elf_score(counts: Counts, *, drop_background: bool) -> float:
    """Return the CREMI score of `elf.evaluation.cremi_score`, with nothing ignored or with `ignore_gt=[0]`."""
    if drop_background:
        voi = entropy(counts, ("voi.gt0.split", "voi.gt0.merge"), "voi.gt0.voxels")
    else:
        voi = entropy(counts, tuple(ALL.names.values()), ALL.voxels)
    return math.sqrt(voi * squares(counts, drop_background=drop_background))


_CASES = (
    "both empty",
    "truth empty, 2 predicted",
    "truth of 2, prediction empty",
    "identical",
    "half missed, IoU exactly .5",
    "1 split 60:40",
    "2 merged into 1",
    "truth without background, one object predicted as 0",
)
_CHALLENGE = partial(challenge_counts, name="challenge")
_BAND = partial(challenge_counts, name="challenge-25nm")
_KEPT = "truth 0 is an ordinary segment, truth 2**64 - 1 is left out"
_BORDER = "voxels within 25 nm of a border of true labels in their section are left out"


def _rand(
    name: str, wording: str, counts: Callable[[OverlapTable], Counts], values: tuple[float, ...], needs: Evidence
) -> Metric:
    return Metric(
        id=f"arand.cremi-{name}",
        title=f"adapted Rand error (cremi-{name})",
        definition=f"1 - 2 S / (S_truth + S_pred), sums of squares over overlaps and sizes; {wording}, each voxel "
        "predicted as 0 is a segment of its own; NaN if all is left out",
        source=f"{_SNEMI}; {_CREMI}",
        direction="lower",
        unit="fraction",
        range=FRACTION,
        edge_cases=tuple(zip(_CASES, values, strict=True)),
        counts=counts,
        value=partial(challenge_rand, name=name),
        needs=needs,
    )


def _score(
    name: str,
    wording: str,
    source: str,
    counts: Callable[[OverlapTable], Counts],
    value: Callable[[Counts], float],
    values: tuple[float, ...],
    needs: Evidence = "overlap",
) -> Metric:
    return Metric(
        id=f"cremi-score.{name}",
        title=f"CREMI score ({name})",
        definition=f"sqrt((VOI split + VOI merge) ARand), VOI in bits; {wording}",
        source=f"{source}; {_SNEMI}; {_MEILA}",
        direction="lower",
        unit="sqrt(bit)",
        range=UNBOUNDED,
        edge_cases=tuple(zip(_CASES, values, strict=True)),
        counts=counts,
        value=value,
        needs=needs,
        sparse="sparse safe" if name == "elf-gt0" else "dense only",
        nan_rule="never" if name == "elf" else "spreads",
    )


NAN = math.nan
METRICS: tuple[Metric, ...] = (
    _rand("challenge", _KEPT, _CHALLENGE, (1.0, 0.8681, 1.0, 0.7552, 0.9512, 0.9011, 0.6, 0.7552), "overlap"),
    _rand(
        "challenge-25nm",
        f"{_KEPT}, {_BORDER}",
        _BAND,
        (1.0, 0.8681, 1.0, 0.7802, 0.9534, 0.9177, 0.6343, 0.7802),
        "banded",
    ),
    _score(
        "challenge",
        f"{_KEPT}; NaN if all is left out",
        _CREMI,
        _CHALLENGE,
        partial(challenge_score, name="challenge"),
        (0.0, 1.0242, 1.0992, 0.0, 0.8545, 0.4677, 0.5477, 0.0),
    ),
    _score(
        "challenge-25nm",
        f"{_KEPT}, {_BORDER}; NaN if all is left out",
        _CREMI,
        _BAND,
        partial(challenge_score, name="challenge-25nm"),
        (0.0, 1.0242, 1.0422, 0.0, 0.7994, 0.4348, 0.5481, 0.0),
        "banded",
    ),
    _score(
        "elf",
        "label 0 an ordinary segment",
        "elf.evaluation.cremi_score",
        elf_counts,
        partial(elf_score, drop_background=False),
        (0.0, 0.6294, 0.6294, 0.0, 0.3456, 0.0773, 0.2673, 0.0),
    ),
    _score(
        "elf-gt0",
        "voxels of truth 0 dropped; NaN without truth objects",
        "elf.evaluation.cremi_score with ignore_gt=[0]",
        elf_counts,
        partial(elf_score, drop_background=True),
        (NAN, NAN, 0.4489, 0.0, 0.5774, 0.5537, 0.5774, 0.0),
    ),
)
