from __future__ import annotations

import numpy as np

from tests.stages.chains import labels, labels_of, make


def removed(array: list[int]) -> list[int]:
    made = labels_of([make("remove-most-frequent")], {"labels": labels(np.array([array], dtype=np.uint16))})
    assert made.dtype == np.uint32
    return [int(value) for value in made[0]]


def test_the_largest_instance_goes_where_it_is_larger_than_the_background() -> None:
    assert removed([5, 5, 5, 0, 0, 2, 9]) == [0, 0, 0, 0, 0, 1, 2]


def test_nothing_goes_where_the_background_is_larger() -> None:
    assert removed([5, 5, 0, 0, 0, 2, 9]) == [2, 2, 0, 0, 0, 1, 3]


def test_of_equally_frequent_ones_the_lowest_goes() -> None:
    assert removed([0, 0, 4, 4]) == [0, 0, 1, 1]
    assert removed([7, 7, 3, 3, 9]) == [1, 1, 0, 0, 2]


def test_one_object_and_none() -> None:
    assert removed([3, 3, 3]) == [0, 0, 0]
    assert removed([0, 0, 0]) == [0, 0, 0]
