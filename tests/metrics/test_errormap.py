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
    assert error_map(truth, pred).tolist() == [[AGREED, AGREED, AGREED, CONFUSED, 0, MISSED, MISSED, ADDED]]


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
