"""Objects matched by their centres: F1, precision and recall of finding a centre within a distance in micrometres.

The centre of an object is the mean of its voxels, which need not lie in it. A match is a pair of a true and a
predicted object whose centres are at most the tolerance apart; there are as many matches as one-to-one partners can be
found, as in bioimage-py's `centroid_matching`. (funlib.evaluate assigns partners by the least sum of distances first
and drops those too far apart afterwards, which may leave fewer.) Shapes count for nothing, so that an object that
nobody annotated may be a match.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial

import numpy as np

from harness.metrics.counts import Counts, number
from harness.metrics.metric import FRACTION, Metric
from harness.metrics.positions import Centres
from harness.metrics.rates import RATES, Rate

TOLERANCES_UM = (1, 2, 5, 10)
_SOURCE = "bioimage_py.evaluation.centroid_matching; Caicedo et al. 2019, doi:10.1038/s41592-019-0612-7, for the rates"


@cache
def counts_within(tolerance_um: float) -> Callable[[Centres], Counts]:
    """Return the function that counts matches within a tolerance; one function a tolerance."""
    return partial(centre_counts, tolerance_um=tolerance_um)


def centre_counts(evidence: Centres, *, tolerance_um: float) -> Counts:
    """Count objects, and the most one-to-one pairs of them whose centres are at most a tolerance apart."""
    truth, pred = evidence.truth, evidence.pred
    return {
        "objects.truth": truth.shape[0],
        "objects.pred": pred.shape[0],
        f"match.centre-{tolerance_um:g}um": _most_pairs(truth, pred, tolerance_um) if truth.size and pred.size else 0,
    }


def _most_pairs(truth: np.ndarray, pred: np.ndarray, tolerance_um: float) -> int:
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import maximum_bipartite_matching
    from scipy.spatial import KDTree

    near = KDTree(truth).query_ball_tree(KDTree(pred), tolerance_um)
    ends = np.cumsum([0, *map(len, near)])
    cols = np.concatenate([np.asarray(found, np.int64) for found in near])
    graph = csr_array((np.ones(cols.size, np.uint8), cols, ends), shape=(truth.shape[0], pred.shape[0]))
    return int((maximum_bipartite_matching(graph, perm_type="column") >= 0).sum())


def centre_rate(counts: Counts, tolerance_um: float, rate: Rate) -> float:
    """Return a rate of matched centres; both images empty 1, one empty 0."""
    truth, pred = number(counts, "objects.truth"), number(counts, "objects.pred")
    if not truth and not pred:
        return 1.0
    whole = {"f1": truth + pred, "precision": pred, "recall": truth}[rate.name]
    return rate.weight * number(counts, f"match.centre-{tolerance_um:g}um") / whole if whole else 0.0


def _metric(rate: Rate, tolerance_um: float) -> Metric:
    shift = 1.0 if tolerance_um > 2.5 else 0.0
    far = {"f1": 2 / 3, "precision": 0.5, "recall": 1.0}[rate.name]
    split = far if tolerance_um >= 2 else 0.0
    return Metric(
        id=f"{rate.name}.centre-{tolerance_um:g}um",
        title=f"{rate.title} of centres within {tolerance_um:g} µm",
        definition=f"{rate.formula}, match: centres (mean of the voxels) at most {tolerance_um:g} µm apart, as many "
        "one to one as can be; label 0 is background; both empty 1, one empty 0",
        source=_SOURCE,
        direction="higher",
        unit="fraction",
        range=FRACTION,
        edge_cases=(
            ("both empty", 1.0),
            ("truth empty, 2 predicted", 0.0),
            ("truth of 2, prediction empty", 0.0),
            ("identical", 1.0),
            ("disjoint", 0.0),
            ("half missed, IoU exactly .5", shift),
            ("1 split 60:40", split),
        ),
        counts=counts_within(tolerance_um),
        value=partial(centre_rate, tolerance_um=tolerance_um, rate=rate),
        needs="centres",
        nan_rule="never",
    )


METRICS: tuple[Metric, ...] = tuple(_metric(rate, tolerance_um) for tolerance_um in TOLERANCES_UM for rate in RATES)
