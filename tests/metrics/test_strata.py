"""Recall in the quarters of sizes."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given

from harness.metrics import Pair, overlap_table
from harness.metrics.detection import METRICS as DETECTION
from harness.metrics.strata import METRICS, quarter_counts
from tests.metrics.images import Pair as Images
from tests.metrics.images import pairs

recall = next(metric for metric in DETECTION if metric.id == "recall.50")


@given(pairs())
def test_quarters_add_up_to_all_objects(images: Images) -> None:
    table = overlap_table(*images)
    counts = quarter_counts(table)
    assert sum(counts["quarter.objects"]) == table.n_truth
    if table.n_truth:
        found = sum(counts["quarter.match.50"])
        assert found / table.n_truth == pytest.approx(recall(table))


def test_eight_sizes_make_four_pairs() -> None:
    truth = np.repeat(np.arange(1, 9), np.arange(1, 9))
    table = overlap_table(truth, np.where(truth > 6, truth, 0))
    assert quarter_counts(table) == {"quarter.objects": (2, 2, 2, 2), "quarter.match.50": (0, 0, 0, 2)}
    assert [metric(table) for metric in METRICS] == [0, 0, 0, 1]


def test_objects_of_one_size_lie_in_one_quarter() -> None:
    table = overlap_table(np.array([1, 2, 3, 4, 0]), np.array([1, 2, 0, 0, 0]))
    values = [metric(table) for metric in METRICS]
    assert values[0] == 0.5
    assert all(map(math.isnan, values[1:]))


def test_pooled_objects_stay_in_the_quarter_of_their_image() -> None:
    small, large = np.repeat([1, 2], [1, 2]), np.repeat([1, 2], [10, 20])
    pairs_of = [Pair(small, small), Pair(large, np.where(large == 2, 2, 0))]
    pooled = [metric.pooled([metric.counts_of(pair) for pair in pairs_of]) for metric in METRICS]
    assert (pooled[0], pooled[3]) == (0.5, 1.0)
