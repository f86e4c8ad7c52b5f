from __future__ import annotations

import numpy as np

from harness.metrics.classes import CORRECT, classified
from harness.metrics.pair import Pair
from tests.stages.chains import labels, labels_of, make


def test_outlines_move_by_one_voxel_and_no_further() -> None:
    truth = np.zeros((60, 60), np.uint16)
    for number in range(16):
        y, x = 4 + 14 * (number // 4), 4 + 14 * (number % 4)
        truth[y : y + 8, x : x + 8] = number + 1
    made = labels_of([make("jittered")], {"truth": labels(truth)})
    sizes = np.bincount(made.ravel())[1:]
    assert set(sizes.tolist()) == {36, 96}, "shrunk to 6 x 6, or grown by a row on each side"
    assert (classified(Pair(truth, made).overlap).truth == CORRECT).all()
    changed = (made > 0) != (truth > 0)
    inner = np.zeros_like(truth, bool)
    for number in range(16):
        y, x = 4 + 14 * (number // 4), 4 + 14 * (number % 4)
        inner[y + 1 : y + 7, x + 1 : x + 7] = True
    assert not (changed & inner).any()


def test_objects_that_would_vanish_and_touching_ones_stay() -> None:
    truth = np.zeros((3, 10), np.uint16)
    truth[1, 2], truth[:, 6:8], truth[:, 8:] = 5, 1, 2
    made = labels_of([make("jittered")], {"truth": labels(truth)})
    assert set(np.unique(made)) == {0, 1, 2, 3}
    assert not labels_of([make("jittered")], {"truth": labels(np.zeros((4, 4), np.uint8))}).any()


def test_nothing_moves_by_nothing() -> None:
    truth = np.array([[0, 4, 4], [0, 0, 9]], np.uint16)
    made = labels_of([make("jittered", pixels=0)], {"truth": labels(truth)})
    assert made.tolist() == [[0, 1, 1], [0, 0, 2]]
