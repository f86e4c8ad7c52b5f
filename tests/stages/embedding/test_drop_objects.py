from __future__ import annotations

import numpy as np
import pytest

from harness.stages.embedding.drop_objects import hollow_objects
from tests.stages.chains import labels, labels_of, make


def ring() -> np.ndarray:
    array = np.zeros((20, 20), np.uint16)
    array[2:12, 2:12] = 3
    array[4:10, 4:10] = 0
    array[6:8, 6:8] = 9
    array[14:18, 2:18] = 5
    return array


def test_small_objects_go() -> None:
    made = labels_of([make("drop-objects", min_size=10)], {"labels": labels(ring())})
    assert made.dtype == np.uint32
    assert np.unique(made).tolist() == [0, 1, 2]
    assert not made[6:8, 6:8].any()


def test_hollow_objects_go_whatever_lies_in_them() -> None:
    made = labels_of([make("drop-objects", min_size=0, hollow=1.5)], {"labels": labels(ring())})
    assert np.unique(made).tolist() == [0, 1, 2]
    assert not made[2:4, 2:12].any()
    assert made[6, 6] == 2
    kept = labels_of([make("drop-objects", min_size=0, hollow=1.6)], {"labels": labels(ring())})
    assert kept.max() == 3


def test_an_object_in_two_parts_is_one() -> None:
    array = np.zeros((8, 20), np.uint8)
    array[2:5, 1:5] = array[2:5, 12:16] = 1
    assert labels_of([make("drop-objects", min_size=24)], {"labels": labels(array)}).max() == 1
    assert not labels_of([make("drop-objects", min_size=25)], {"labels": labels(array)}).any()


def test_a_shell_is_hollow_in_space() -> None:
    array = np.zeros((9, 9, 9), np.uint32)
    array[1:8, 1:8, 1:8] = 1
    array[2:7, 2:7, 2:7] = 0
    assert hollow_objects(array, 1.5).tolist() == [1]
    array[1] = 0  # open at one side
    assert hollow_objects(array, 1.5).tolist() == []


@pytest.mark.parametrize("hollow", [0.0, 1.5])
def test_no_object_and_very_many(hollow: float) -> None:
    stage = [make("drop-objects", min_size=1, hollow=hollow)]
    assert not labels_of(stage, {"labels": labels(np.zeros((4, 5), np.uint8))}).any()
    many = np.arange(1, 40_001, dtype=np.uint32).reshape(200, 200)
    np.testing.assert_array_equal(labels_of(stage, {"labels": labels(many)}), many)
