"""Toy image pairs on which conventions disagree; every metric's edge cases name them, and are tested on them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from harness.metrics.pair import Pair

Box = tuple[slice, slice]

TEN: Box = (slice(0, 10), slice(0, 10))
SIX: Box = (slice(12, 18), slice(12, 18))
FIVE: Box = (slice(0, 5), slice(0, 5))
FAR_FIVE: Box = (slice(15, 20), slice(15, 20))
TOP_HALF: Box = (slice(0, 5), slice(0, 10))
TOP_SIX_ROWS: Box = (slice(0, 6), slice(0, 10))
NEXT_TEN: Box = (slice(0, 10), slice(10, 20))
TOP: Box = (slice(0, 10), slice(0, 20))


def image(*boxes: tuple[Box, int], background: int = 0) -> np.ndarray:
    """Return a (20, 20) int64 label image: boxes of given labels on a background, later boxes over earlier ones."""
    labels = np.full((20, 20), background, np.int64)
    for box, label in boxes:
        labels[box] = label
    return labels


_TWO = ((TEN, 1), (SIX, 2))

CASES: Mapping[str, Callable[[], tuple[np.ndarray, np.ndarray]]] = MappingProxyType(
    {
        "both empty": lambda: (image(), image()),
        "truth empty, 2 predicted": lambda: (image(), image(*_TWO)),
        "truth of 2, prediction empty": lambda: (image(*_TWO), image()),
        "identical": lambda: (image(*_TWO), image(*_TWO)),
        "disjoint": lambda: (image((FIVE, 1)), image((FAR_FIVE, 1))),
        "half missed, IoU exactly .5": lambda: (image((TEN, 1)), image((TOP_HALF, 1))),
        "1 split 60:40": lambda: (image((TEN, 1)), image((TEN, 2), (TOP_SIX_ROWS, 1))),
        "2 merged into 1": lambda: (image((TEN, 1), (NEXT_TEN, 2)), image((TOP, 1))),
        "1 in two far parts, predicted as 2": lambda: (
            image((FIVE, 1), (FAR_FIVE, 1)),
            image((FIVE, 1), (FAR_FIVE, 2)),
        ),
        "background predicted as 7": lambda: (image(*_TWO), image(*_TWO, background=7)),
        "ids 10, 20 predicted as 1000, 2000": lambda: (image((TEN, 10), (SIX, 20)), image((TEN, 1000), (SIX, 2000))),
        "truth without background, one object predicted as 0": lambda: (
            image(*_TWO, background=3),
            image(*_TWO, background=0),
        ),
    }
)
"""Name -> function returning (truth, prediction). 400 voxels; the objects of "identical" have 100 and 36."""

USUAL = tuple(CASES)[:10]
"""Names of the cases that tell how objects are counted: those above without that of other ids and of no background."""


def case_pair(name: str) -> Pair:
    """Return a toy pair with all that a metric may ask for: voxels of 1 µm, and every predicted object equally sure."""
    truth, pred = CASES[name]()
    confidences = {int(label): 1.0 for label in np.unique(pred) if label}
    return Pair(truth, pred, spacing_um=(1.0,) * truth.ndim, confidences=confidences)
