"""Metrics of a mask as a body: how much of it there is, whether it encloses what it should, and its topology.

Voxels that are not 0 belong to the mask. A surface is a mask whose complement falls apart into an outside, which
reaches the border of the image, and interiors, which do not.
"""

from __future__ import annotations

import math

import numpy as np

from harness.metrics.counts import Counts, number
from harness.metrics.matching import object_counts
from harness.metrics.metric import FRACTION, UNBOUNDED, Metric

Images = tuple[np.ndarray, np.ndarray]
"""Truth and prediction as they are compared."""
_EULER = "Euler characteristic, Ohser et al. 2002, scikit-image euler_number"


def volume_ratio(counts: Counts) -> float:
    """Return the voxels of the prediction over those of the truth; NaN for an empty truth."""
    truth = number(counts, "voxels.truth")
    return number(counts, "voxels.pred") / truth if truth else math.nan


def interior(mask: np.ndarray) -> np.ndarray:
    """Return the voxels (bool) outside a mask from which no path over faces leads to the border of the image."""
    return np.asarray(~mask & ~_outside(~mask))


def openness(images: Images) -> float:
    """Return the share of the truth's interior that is connected with the border outside of the prediction.

    Voxels that the prediction covers are closed. NaN for a truth without an interior.
    """
    truth, pred = (image != 0 for image in images)
    enclosed = interior(truth)
    total = int(enclosed.sum())
    return int((enclosed & _outside(~pred)).sum()) / total if total else math.nan


def euler_of_prediction(images: Images) -> float:
    """Return the Euler characteristic of the prediction's mask."""
    return float(_euler(images[1] != 0))


def euler_error(images: Images) -> float:
    """Return by how much the Euler characteristics of prediction and truth differ."""
    truth, pred = (_euler(image != 0) for image in images)
    return float(abs(pred - truth))


def _outside(free: np.ndarray) -> np.ndarray:
    """Return the free voxels (bool) that a path of free voxels over faces connects with the border of the image."""
    from scipy.ndimage import label

    parts, _ = label(free)
    at_border = np.zeros(int(parts.max(initial=0)) + 1, dtype=bool)
    for axis in range(parts.ndim):
        for end in (0, -1):
            at_border[np.unique(np.take(parts, end, axis=axis))] = True
    at_border[0] = False
    return np.asarray(at_border[parts])


def _euler(mask: np.ndarray) -> int:
    from skimage.measure import euler_number

    return int(euler_number(mask, connectivity=mask.ndim))


METRICS: tuple[Metric, ...] = (
    Metric(
        id="mask.volume-ratio",
        title="volume of the foreground over that of the truth",
        definition="voxels of the prediction that are not 0 / those of the truth; above 1 the prediction is too thick; "
        "NaN for an empty truth",
        source="1 + the relative volume difference of Heimann et al. 2009, doi:10.1109/TMI.2009.2013851",
        direction="none",
        unit="fraction",
        range=UNBOUNDED,
        edge_cases=(
            ("both empty", math.nan),
            ("truth empty, 2 predicted", math.nan),
            ("truth of 2, prediction empty", 0.0),
            ("identical", 1.0),
            ("half missed, IoU exactly .5", 0.5),
            ("background predicted as 7", 400 / 136),
        ),
        counts=object_counts,
        value=volume_ratio,
    ),
    Metric(
        id="mask.openness",
        title="share of the interior that leaks through the foreground",
        definition="voxels that the truth's foreground encloses and that a path over faces outside of the prediction "
        "leads from to the border of the image / all voxels it encloses; 0 is closed; NaN if it encloses none",
        source="this project, for the open and closed membranes of thesis figure A.3; connected parts: Rosenfeld and "
        "Pfaltz 1966, doi:10.1145/321356.321357",
        direction="lower",
        unit="fraction",
        range=FRACTION,
        edge_cases=(
            ("both empty", math.nan),
            ("truth empty, 2 predicted", math.nan),
            ("truth of 2, prediction empty", math.nan),
            ("identical", math.nan),
        ),
        function=openness,
        needs="images",
        nan_rule="left out",
    ),
    Metric(
        id="mask.euler.pred",
        title="Euler characteristic of the predicted foreground",
        definition="connected parts - tunnels + cavities (2D: parts - holes) of the voxels that are not 0, neighbours "
        "over corners",
        source=_EULER,
        direction="none",
        unit="count",
        range=(-math.inf, math.inf),
        edge_cases=(
            ("both empty", 0.0),
            ("truth empty, 2 predicted", 2.0),
            ("truth of 2, prediction empty", 0.0),
            ("identical", 2.0),
            ("2 merged into 1", 1.0),
        ),
        function=euler_of_prediction,
        needs="images",
        nan_rule="never",
    ),
    Metric(
        id="mask.euler.error",
        title="difference of the Euler characteristics",
        definition="|Euler characteristic of the predicted foreground - that of the truth's|, neighbours over corners",
        source=_EULER,
        direction="lower",
        unit="count",
        range=UNBOUNDED,
        edge_cases=(
            ("both empty", 0.0),
            ("truth empty, 2 predicted", 2.0),
            ("truth of 2, prediction empty", 2.0),
            ("identical", 0.0),
        ),
        function=euler_error,
        needs="images",
        nan_rule="never",
    ),
)
