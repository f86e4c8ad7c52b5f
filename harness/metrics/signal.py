"""Signal to noise of values at known objects: how far means of objects lie apart, beside how values vary in an object.

The prediction is read as values, not as objects: its label 3 is the number 3. Values of an image come as such labels by
the stage `image-to-levels`. The source (thesis figures 4.9 and 4.10) states no definition; this one is ours.
"""

from __future__ import annotations

import math

import numpy as np

from harness.metrics.metric import UNBOUNDED, Metric
from harness.metrics.overlap import OverlapTable

_SOURCE = (
    "the ratio of variances of Fisher 1936, doi:10.1111/j.1469-1809.1936.tb02137.x, with objects as classes; thesis "
    "figures 4.9 and 4.10 name a signal-to-noise ratio and state no formula"
)


def signal_to_noise(table: OverlapTable) -> float:
    """Return the variance of the objects' means over the mean of the objects' variances, each object counted once.

    NaN for fewer than two objects and where no object varies; 0 where nothing varies at all.
    """
    objects = np.flatnonzero(table.truth_ids != 0)
    if len(objects) < 2:
        return math.nan
    sizes = table.truth_sizes[objects]
    values = table.pred_ids[table.cols].astype(np.float64)
    of_all = np.bincount(table.rows, values * table.counts)
    means = of_all[objects] / sizes
    away = values - (of_all / table.truth_sizes)[table.rows]
    spread = np.bincount(table.rows, away * away * table.counts)[objects] / sizes
    signal, noise = float(means.var()), float(spread.mean())
    if noise == 0:
        return math.nan if signal else 0.0
    return signal / noise


METRICS = (
    Metric(
        id="snr.instances",
        title="Signal to noise at the objects of the truth",
        definition="variance of the means of the true objects over the mean of their variances, of the prediction read "
        "as values; each object counts once, label 0 of the truth not at all; undefined for fewer than two objects and "
        "where no object varies, 0 where nothing varies",
        source=_SOURCE,
        direction="higher",
        unit="ratio",
        range=UNBOUNDED,
        edge_cases=(
            ("both empty", math.nan),
            ("truth empty, 2 predicted", math.nan),
            ("truth of 2, prediction empty", 0.0),
            ("identical", math.nan),
            ("half missed, IoU exactly .5", math.nan),
            ("2 merged into 1", 0.0),
        ),
        function=signal_to_noise,
        needs="values",
        nan_rule="left out",
    ),
)
