"""Expected run length of label images of lines."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given

import harness
from harness.metrics import METRICS, Pair
from harness.metrics.runs import METRICS as RUNS
from harness.metrics.skeleton import expected_run_length
from tests.metrics.images import Pair as Images
from tests.metrics.images import pairs

ERL, SHARE = RUNS
LINES = np.zeros((5, 12), int)
LINES[1, 1:12], LINES[3, 1:7] = 4, 9
"""Two lines, of ten and of five steps."""


def measured(pred: np.ndarray, step_um: float = 1.0) -> tuple[float, float]:
    pair = Pair(LINES, pred, spacing_um=(step_um, step_um))
    return ERL.of(pair), SHARE.of(pair)


def test_ids() -> None:
    assert [metric.id for metric in RUNS] == ["erl.traced", "erl-share.traced"]
    assert {metric.id for metric in RUNS} <= {metric.id for metric in METRICS}


@pytest.mark.parametrize(
    ("changed", "squared"),
    [
        ([], 10**2 + 5**2),
        ([(1, 6, 12, 1)], 4**2 + 5**2 + 5**2),
        ([(1, 6, 12, 9)], 4**2),
        ([(1, 6, 7, 0)], 8**2 + 5**2),
        ([(3, 0, 12, 4)], 0),
        ([(3, 0, 12, 0)], 10**2),
    ],
    ids=["right", "split", "split and merged", "a hole", "merged", "missed"],
)
def test_errors_by_hand(changed: list[tuple[int, int, int, int]], squared: int) -> None:
    pred = LINES.copy()
    for row, first, end, label in changed:
        pred[row, first:end] = label
    assert measured(pred) == pytest.approx((squared / 15, squared / (10**2 + 5**2)))
    assert measured(pred, 0.5) == pytest.approx((squared / 30, squared / (10**2 + 5**2)))


def test_images_are_pooled_by_length() -> None:
    """A line of ten steps that is found and one of five that is missed: 100 of 15, of 125."""
    one, other = (LINES * (label == LINES) for label in (4, 9))
    parts = [
        ERL.counts_of(Pair(one, one, spacing_um=(1.0, 1.0))),
        ERL.counts_of(Pair(other, np.zeros_like(other), spacing_um=(1.0, 1.0))),
    ]
    assert ERL.pooled(parts) == pytest.approx(100 / 15)
    assert SHARE.pooled(parts) == pytest.approx(100 / 125)


def test_single_voxels_are_no_length() -> None:
    dots = np.array([[1, 0, 2]])
    pair = Pair(dots, dots, spacing_um=(1.0, 1.0))
    assert math.isnan(ERL.of(pair))
    assert math.isnan(SHARE.of(pair))


def test_it_is_scored_by_name_with_a_spacing() -> None:
    assert harness.score(LINES, LINES, ["erl.traced"], spacing_um=(2.0, 2.0)) == {"erl.traced": pytest.approx(50 / 3)}


@given(pairs())
def test_the_share_is_of_the_length_without_an_error(images: Images) -> None:
    truth, pred = images
    pair = Pair(truth, pred, spacing_um=(1.0,) * truth.ndim)
    whole = Pair(truth, truth, spacing_um=(1.0,) * truth.ndim)
    found, share = ERL.of(pair), SHARE.of(pair)
    assert found == pytest.approx(expected_run_length(pair.traces.skeletons, pair.traces.segments), nan_ok=True)
    assert found == pytest.approx(share * ERL.of(whole), nan_ok=True)
    assert math.isnan(share) or 0 <= share <= 1 + 1e-12
