"""SEG and DET against their written definitions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given

from harness.metrics import Pair, overlap_table
from harness.metrics.ctc import METRICS
from tests.metrics import naive
from tests.metrics.images import Pair as Images
from tests.metrics.images import hostile_pairs, pairs

HOSTILE = hostile_pairs()
seg, det = METRICS


@pytest.mark.parametrize("name", HOSTILE)
def test_definitions_agree(name: str) -> None:
    table = overlap_table(*HOSTILE[name])
    assert (seg(table), det(table)) == pytest.approx(naive.tracking(*HOSTILE[name]), abs=1e-12, nan_ok=True)


@given(pairs())
def test_definitions_agree_on_any_small_pair(images: Images) -> None:
    table = overlap_table(*images)
    assert (seg(table), det(table)) == pytest.approx(naive.tracking(*images), abs=1e-12, nan_ok=True)


def test_a_prediction_over_three_cells_takes_two_splits() -> None:
    table = overlap_table(np.array([1, 2, 3, 4, 0]), np.array([9, 9, 9, 0, 5]))
    assert det(table) == pytest.approx(1 - (5 * 2 + 10 * 1 + 1 * 1) / 40)
    assert seg(table) == pytest.approx(3 * (1 / 3) / 4)


def test_half_of_a_cell_is_no_partner() -> None:
    table = overlap_table(np.array([1, 1]), np.array([1, 0]))
    assert (seg(table), det(table)) == (0.0, 0.0)


def test_frames_are_pooled_as_the_challenge_pools_them() -> None:
    frames = [Pair(*HOSTILE[name]) for name in ("shifted 2d", "unrelated", "truth empty")]
    counts = [seg.counts_of(frame) for frame in frames]
    cells = sum(frame.overlap.n_truth for frame in frames)
    whole = sum(seg.of(frame) * frame.overlap.n_truth for frame in frames if frame.overlap.n_truth)
    assert seg.pooled(counts) == pytest.approx(whole / cells)
    assert not math.isnan(det.pooled(counts))
