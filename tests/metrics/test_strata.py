"""Recall in the quarters of sizes."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given

from harness.errors import LabelError
from harness.metrics import Pair, overlap_table
from harness.metrics.detection import METRICS as DETECTION
from harness.metrics.strata import METRICS as ALL
from harness.metrics.strata import QUARTERS, UNITS, counts_of_neighbours, quarter_counts
from tests.metrics.images import Pair as Images
from tests.metrics.images import pairs

METRICS, BY_NEIGHBOUR = ALL[:4], ALL[4:]
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


def test_quarters_end_at_the_25th_50th_and_75th_percentile() -> None:
    """Of 101 sizes from 100 to 200 the percentiles are the sizes 125, 150 and 175, which lie in the lower quarter."""
    sizes = np.arange(100, 201)
    truth = np.repeat(np.arange(1, 102), sizes)
    assert quarter_counts(overlap_table(truth, truth))["quarter.objects"] == (26, 25, 25, 25)


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


@given(pairs())
def test_quarters_of_crowding_add_up_to_all_objects(images: Images) -> None:
    pair = Pair(*images, spacing_um=(0.5,) * images[0].ndim)
    for unit in UNITS:
        counts = pair.counted(counts_of_neighbours(unit), "neighbours")
        assert sum(counts[f"neighbour-quarter.{unit}.objects"]) == pair.overlap.n_truth
        if pair.overlap.n_truth:
            found = sum(counts[f"neighbour-quarter.{unit}.match.50"])
            assert found / pair.overlap.n_truth == pytest.approx(recall(pair.overlap))


def test_eight_objects_in_a_row_make_four_quarters() -> None:
    truth = np.zeros((1, 60), int)
    truth[0, [0, 1, 5, 7, 20, 25, 40, 50]] = np.arange(1, 9)
    pair = Pair(truth, np.where(truth > 6, truth, 0))
    values = [metric.of(pair) for metric in BY_NEIGHBOUR if metric.id.endswith("px")]
    assert values == [0, 0, 0, 1]
    counts = pair.counted(counts_of_neighbours("px"), "neighbours")
    assert counts["neighbour-quarter.px.objects"] == (2, 2, 2, 2)


def test_the_size_of_a_voxel_says_what_is_near() -> None:
    truth = np.zeros((9, 9), int)
    truth[0, 0], truth[3, 0], truth[0, 4], truth[8, 8] = 1, 2, 3, 4
    pair = Pair(truth, np.where(truth == 3, 3, 0), spacing_um=(10.0, 1.0))
    by_id = {metric.id: metric.of(pair) for metric in BY_NEIGHBOUR}
    um, px = ([by_id[f"recall.50.neighbour-quarter-{quarter}.{unit}"] for quarter in QUARTERS] for unit in UNITS)
    assert um[0] == 0.5, "1 and 3 are 4 um apart, 2 is 30 um away"
    assert px[0] == 0.0, "1 and 2 are 3 voxels apart"
    assert px[2] == 1.0


def test_an_object_alone_is_not_crowded_and_micrometres_must_be_known() -> None:
    alone = Pair(np.array([[0, 7]]), np.array([[0, 1]]))
    by_id = {metric.id: metric for metric in BY_NEIGHBOUR}
    assert by_id["recall.50.neighbour-quarter-4.px"].of(alone) == 1.0
    assert math.isnan(by_id["recall.50.neighbour-quarter-1.px"].of(alone))
    with pytest.raises(LabelError, match="distances of centres are in micrometres and the size of a voxel is unknown"):
        by_id["recall.50.neighbour-quarter-1.um"].of(alone)


def test_just_below_one_half_is_no_match() -> None:
    table = overlap_table(np.ones(100, int), np.where(np.arange(100) < 49, 1, 0))
    assert quarter_counts(table) == {"quarter.objects": (1, 0, 0, 0), "quarter.match.50": (0, 0, 0, 0)}
