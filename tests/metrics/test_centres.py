"""Objects matched by their centres."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from harness.metrics import Pair
from harness.metrics.centres import METRICS, centre_counts
from harness.metrics.positions import Centres
from tests.metrics.images import Pair as Images
from tests.metrics.images import pairs

BY_ID = {metric.id: metric for metric in METRICS}
POINTS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=7)


@given(POINTS, POINTS, st.sampled_from([0, 1, 2, 5]))
def test_as_many_pairs_as_an_assignment_finds(truth: list, pred: list, tolerance_um: float) -> None:
    points = [np.array(side, float).reshape(-1, 2) for side in (truth, pred)]
    near = cdist(*points) <= tolerance_um
    rows, cols = linear_sum_assignment(-near.astype(float))
    counts = centre_counts(Centres(*points), tolerance_um=tolerance_um)
    assert counts[f"match.centre-{tolerance_um}um"] == int(near[rows, cols].sum())


@given(pairs())
def test_precision_and_recall_change_places(images: Images) -> None:
    truth, pred = images
    spacing_um = (1.0,) * truth.ndim
    one, other = Pair(truth, pred, spacing_um=spacing_um), Pair(pred, truth, spacing_um=spacing_um)
    assert BY_ID["precision.centre-1um"].of(one) == BY_ID["recall.centre-1um"].of(other)
    assert 0 <= BY_ID["f1.centre-1um"].of(one) <= BY_ID["f1.centre-10um"].of(one) <= 1


def test_the_size_of_a_voxel_counts() -> None:
    truth, pred = np.zeros((2, 4, 9), int), np.zeros((2, 4, 9), int)
    truth[0, 0, 0], pred[1, 0, 3] = 1, 1
    near, far = (Pair(truth, pred, spacing_um=(z, 1.0, 1.0)) for z in (4.0, 4.1))
    assert (BY_ID["f1.centre-5um"].of(near), BY_ID["f1.centre-5um"].of(far)) == (1.0, 0.0)
