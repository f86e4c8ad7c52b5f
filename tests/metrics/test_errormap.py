from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from harness.errors import LabelError
from harness.metrics.classes import CLASSES, CORRECT, SPLIT, SPURIOUS
from harness.metrics.errormap import (
    ADDED,
    AGREED,
    CLASS_COLOURS,
    CONFUSED,
    MISSED,
    class_map,
    class_maps,
    error_map,
)


def test_each_kind_of_error() -> None:
    truth = np.array([[1, 1, 1, 1, 0, 2, 2, 0]])
    pred = np.array([[9, 9, 9, 8, 0, 0, 0, 7]], np.uint16)
    found = error_map(truth, pred)
    assert found.tolist() == [[AGREED, AGREED, AGREED, CONFUSED, 0, MISSED, MISSED, ADDED]]
    assert found.dtype == np.uint8


def test_objects_match_from_an_iou_of_one_half_on() -> None:
    half, less = np.array([1, 1, 0, 0]), np.array([1, 1, 1, 0, 0])
    assert error_map(half, np.array([9, 0, 0, 0])).tolist() == [AGREED, MISSED, 0, 0]
    assert error_map(less, np.array([0, 0, 9, 9, 0])).tolist() == [MISSED, MISSED, CONFUSED, ADDED, 0]
    assert error_map(less, np.array([0, 9, 9, 9, 0])).tolist() == [MISSED, AGREED, AGREED, ADDED, 0]
    assert error_map(np.ones(5, int), np.array([9, 9, 0, 0, 0])).tolist() == [CONFUSED] * 2 + [MISSED] * 3


def test_labels_that_are_equal_as_floats_are_told_apart() -> None:
    one, near = np.ones(4, np.uint64), np.array([2**60, 2**60, 2**60, 2**60 + 1], np.uint64)
    assert error_map(one, near).tolist() == [AGREED, AGREED, AGREED, CONFUSED]
    assert error_map(near, one).tolist() == [AGREED, AGREED, AGREED, CONFUSED]
    parts, whole = class_maps(near, np.array([5, 5, 5, 6]))
    assert parts.tolist() == whole.tolist() == [CORRECT + 1] * 4
    parts, whole = class_maps(near, np.array([5, 5, 5, 0]))
    assert parts.tolist() == [CORRECT + 1] * 3 + [CLASSES.index("missed") + 1]
    assert whole.tolist() == [CORRECT + 1] * 3 + [0]


@given(arrays(np.uint8, (4, 6), elements=st.integers(0, 3)), arrays(np.int64, (4, 6), elements=st.integers(0, 3)))
def test_missed_and_added_change_places_with_the_images(truth: np.ndarray, pred: np.ndarray) -> None:
    there = error_map(truth, pred)
    assert ((there == 0) == ((truth == 0) & (pred == 0))).all()
    assert ((there == MISSED) == ((truth != 0) & (pred == 0))).all()
    assert ((there == ADDED) == ((truth == 0) & (pred != 0))).all()
    assert set(np.unique(error_map(truth, truth))) <= {0, AGREED}


def test_bool_images_and_other_shapes() -> None:
    mask = np.array([True, False])
    assert error_map(mask, mask).tolist() == [AGREED, 0]
    with pytest.raises(LabelError):
        error_map(mask, np.array([1]))


def test_each_voxel_has_the_class_of_its_object() -> None:
    truth = np.array([[1, 1, 1, 1, 0, 0, 3, 3, 3]])
    pred = np.array([[5, 5, 6, 6, 0, 7, 3, 3, 0]], np.uint16)
    true, predicted = class_maps(truth, pred)
    split, spurious, correct = SPLIT + 1, SPURIOUS + 1, CORRECT + 1
    assert true.tolist() == [[split] * 4 + [0, 0] + [correct] * 3]
    assert predicted.tolist() == [[split] * 4 + [0, spurious, correct, correct, 0]]
    assert class_map(truth, pred).tolist() == [[split] * 4 + [0, spurious] + [correct] * 3]
    assert class_map(truth, pred).dtype == np.uint8


def test_every_class_has_a_colour_of_its_own() -> None:
    assert set(CLASS_COLOURS) == set(CLASSES)
    assert len(set(CLASS_COLOURS.values())) == len(CLASSES)
