from __future__ import annotations

import numpy as np

from tests.stages.chains import labels, labels_of, make


def test_of_each_label_the_largest_part_stays_if_it_lasts() -> None:
    array = np.zeros((4, 10, 10), np.uint8)
    array[:3, 1:4, 1:4] = 5
    array[3, 7:9, 7:9] = 5  # elsewhere and later
    array[2, 6:8, 1:3] = 9  # seen once
    made = labels_of([make("drop-disconnected")], {"labels": labels(array)})
    assert made.dtype == np.uint32
    assert np.unique(made).tolist() == [0, 1]
    np.testing.assert_array_equal(made[:3] > 0, array[:3] == 5)
    assert not made[3].any()


def test_corners_through_time_connect_and_one_frame_is_a_video_too() -> None:
    array = np.zeros((2, 6, 6), np.uint8)
    array[0, :2, :2] = 1
    array[1, 2:4, 2:4] = 1
    assert (labels_of([make("drop-disconnected")], {"labels": labels(array)}) > 0).sum() == 8
    assert labels_of([make("drop-disconnected")], {"labels": labels(array[:1])}).any()
    nothing = np.zeros((2, 6, 6), np.uint8)
    assert not labels_of([make("drop-disconnected")], {"labels": labels(nothing)}).any()
