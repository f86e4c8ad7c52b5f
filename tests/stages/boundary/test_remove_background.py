from __future__ import annotations

import numpy as np

from tests.stages.chains import labels, labels_of, make


def removed(array: object) -> list[int]:
    made = labels_of([make("remove-background")], {"labels": labels(np.array([array], dtype=np.uint16))})
    assert made.dtype == np.uint32
    return [int(value) for value in made[0]]


def test_the_largest_instance_goes() -> None:
    assert removed([5, 5, 0, 0, 0, 2, 9]) == [0, 0, 0, 0, 0, 1, 2]


def test_of_equal_ones_the_first_id_goes() -> None:
    assert removed([7, 7, 3, 3, 9]) == [1, 1, 0, 0, 2]


def test_one_object_and_none() -> None:
    assert removed([3, 3, 3]) == [0, 0, 0]
    assert removed([0, 0, 0]) == [0, 0, 0]
