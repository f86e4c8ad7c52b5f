"""Centres are in micrometres."""

from __future__ import annotations

import numpy as np
import pytest

from harness.errors import LabelError
from harness.metrics import Pair

LABELS = np.array([[1, 1, 0], [0, 0, 7]])


def test_a_centre_is_the_mean_of_the_voxels_in_micrometres() -> None:
    centres = Pair(LABELS, np.zeros((2, 3), int), spacing_um=(2.0, 0.5)).centres
    assert centres.truth.tolist() == [[0.0, 0.25], [2.0, 1.0]]
    assert centres.pred.shape == (0, 2)


@pytest.mark.parametrize(
    ("spacing_um", "message"),
    [(None, "the size of a voxel is unknown"), ((1.0,), "accepted: 2"), ((0.0, 1.0), "accepted: positive numbers")],
)
def test_distances_need_the_size_of_a_voxel(spacing_um: tuple[float, ...] | None, message: str) -> None:
    with pytest.raises(LabelError, match=message):
        _ = Pair(LABELS, LABELS, spacing_um=spacing_um).centres


def test_how_near_the_next_object_is() -> None:
    pair = Pair(LABELS, LABELS, spacing_um=(2.0, 0.5))
    um, px = (pair.neighbours.distances(unit) for unit in ("um", "px"))
    assert um.tolist() == pytest.approx([np.hypot(2, 0.75)] * 2)
    assert px.tolist() == pytest.approx([np.hypot(1, 1.5)] * 2)
    assert Pair(LABELS * (LABELS == 7), LABELS).neighbours.distances("px").tolist() == [np.inf]


def test_distances_to_the_next_object_need_the_size_of_a_voxel_in_micrometres() -> None:
    with pytest.raises(LabelError, match="the size of a voxel is unknown; give its spacing"):
        Pair(LABELS, LABELS).neighbours.distances("um")
