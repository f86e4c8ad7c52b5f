"""Differences of maps and the contrast of seams."""

from __future__ import annotations

import math

import numpy as np
import pytest

from harness.metrics import METRICS, Pair
from harness.metrics.counts import added
from harness.metrics.map_pairs import Maps
from harness.metrics.maps import METRICS as OF_MAPS
from harness.metrics.maps import seam_contrast, seam_counts

BY_ID = {metric.id: metric for metric in OF_MAPS}


def test_ids() -> None:
    assert list(BY_ID) == ["difference.max", "difference.mean", "seam.contrast"]
    assert set(BY_ID) <= {metric.id for metric in METRICS}


def test_reals_are_read_where_the_pair_has_them() -> None:
    truth, pred = np.array([0.1, 0.6]), np.array([0.2, 0.9])
    pair = Pair(truth > 0.5, pred > 0.5, reals=(truth, pred))
    assert BY_ID["difference.max"].of(pair) == pytest.approx(0.3)
    assert BY_ID["difference.mean"].of(pair) == pytest.approx(0.2)
    assert pair.overlap.n_pred == 1


def test_what_is_ignored_is_not_compared() -> None:
    truth, pred = np.array([0.0, 0.0, 1.0]), np.array([0.5, 0.9, 1.0])
    pair = Pair(truth > 0.5, pred > 0.5, ignore=np.array([0, 1, 0]), reals=(truth, pred))
    assert BY_ID["difference.max"].of(pair) == 0.5
    seams = np.array([1, 0, 0])
    assert math.isnan(BY_ID["seam.contrast"].of(Pair(seams, pred > 0.5, ignore=[0, 1, 0], reals=(seams, pred))))


def test_nothing_compared_is_undefined() -> None:
    assert math.isnan(BY_ID["difference.mean"].value({"difference.sum": 0.0, "difference.voxels": 0}))  # type: ignore[misc]
    assert math.isnan(BY_ID["difference.max"](Maps(np.zeros(2), np.ones(2), np.zeros(2, bool))))


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_jump_along_each_axis(axis: int) -> None:
    ramp = np.indices((6, 6, 6)).sum(axis=0).astype(float)
    side = np.indices((6, 6, 6))[axis]
    seams = np.where(side == 2, 1 << axis, 0)
    jump = ramp + 4.0 * (side > 2)
    assert seam_contrast(seam_counts(Maps(seams, jump))) == pytest.approx(5.0)
    assert seam_contrast(seam_counts(Maps(seams, ramp))) == pytest.approx(1.0)


def test_steps_are_summed_across_a_seam_and_elsewhere() -> None:
    """Steps of 1, 4, 2 and 3 along a line that was joined after its second voxel."""
    seams, line = np.array([0, 1, 0, 0, 0]), np.array([0.0, 1.0, 5.0, 3.0, 6.0])
    assert seam_counts(Maps(seams, line)) == {
        "seam.sum": 4.0, "seam.steps": 1, "seam.rest.sum": 6.0, "seam.rest.steps": 3
    }  # fmt: skip


def test_seams_of_several_images_are_pooled() -> None:
    rng = np.random.default_rng(0)
    halves = [rng.random((4, 8)) for _ in range(2)]
    seams = [np.where(np.arange(8) == 3, 2, 0) * np.ones((4, 1), int) for _ in range(2)]
    parts = [seam_counts(Maps(*pair)) for pair in zip(seams, halves, strict=True)]
    total = added(parts)
    assert total["seam.steps"] == 8
    assert seam_contrast(total) == pytest.approx(
        (total["seam.sum"] / 8) / (total["seam.rest.sum"] / total["seam.rest.steps"])  # type: ignore[operator]
    )
