"""The compiled loop: its classes are those of the rule's module, and it leaves background alone."""

from __future__ import annotations

import numpy as np
import pytest

from harness.metrics import classes, classes_kernel
from harness.metrics.classes_kernel import UNKNOWN, classify

NAMES = ("CORRECT", "MISSED", "SPURIOUS", "SPLIT", "MERGED", "SPLIT_AND_MERGED", "POOR_BOUNDARY")


def test_classes_have_the_numbers_of_the_rule() -> None:
    assert [getattr(classes_kernel, name) for name in NAMES] == [getattr(classes, name) for name in NAMES]


@pytest.mark.parametrize(("first_truth", "first_pred"), [(0, 0), (1, 0), (0, 1), (1, 1)])
def test_background_has_no_class_and_holds_nothing(first_truth: int, first_pred: int) -> None:
    # one object each, the same 5 voxels; the first label of either image, 7 voxels, is background where it is said
    pairs = (np.array(column, np.int64) for column in ([0, 1], [0, 1], [7, 5]))
    sizes = np.array([7, 5], np.int64)
    truth, pred = np.full(2, UNKNOWN, np.int8), np.full(2, UNKNOWN, np.int8)
    classify(*pairs, sizes, sizes, first_truth, first_pred, truth, pred)
    assert truth[1] == pred[1] == classes.CORRECT
    expected = (
        (UNKNOWN, UNKNOWN)
        if first_truth and first_pred
        else ((UNKNOWN, classes.SPURIOUS) if first_truth else (classes.MISSED, UNKNOWN) if first_pred else (0, 0))
    )
    assert (truth[0], pred[0]) == expected


def test_three_in_one_are_as_two() -> None:
    columns = ([0, 0, 0], [0, 1, 2], [3, 3, 3])
    truth, pred = np.full(1, UNKNOWN, np.int8), np.full(3, UNKNOWN, np.int8)
    sizes = np.array([9], np.int64), np.array([3, 3, 3], np.int64)
    classify(*(np.array(column, np.int64) for column in columns), *sizes, 0, 0, truth, pred)
    assert truth.tolist() == [classes.SPLIT]
    assert pred.tolist() == [classes.SPLIT] * 3
