from __future__ import annotations

import numpy as np
import pytest

from tests.stages.chains import labels, labels_of, make


def moving(missing: tuple[int, ...] = ()) -> np.ndarray:
    """Two squares that move; ids differ from frame to frame, and the first square is missing in some frames."""
    array = np.zeros((6, 20, 30), np.uint16)
    for time in range(6):
        if time not in missing:
            array[time, 2:8, 2 + time : 8 + time] = 1 + time % 2
        array[time, 10:16, 20 - time : 26 - time] = 2 - time % 2
    return array


def linked(array: np.ndarray, **given: object) -> np.ndarray:
    return labels_of([make("link-frames", **given)], {"frame-objects": labels(array)})


def test_objects_keep_their_ids_while_they_are_seen() -> None:
    made = linked(moving())
    assert np.unique(made).tolist() == [0, 1, 2]
    assert all(np.unique(frame[2:8]).tolist() == [0, 1] for frame in made)


@pytest.mark.parametrize(("memory", "objects"), [(0, 3), (1, 2), (2, 2)])
def test_a_memory_bridges_what_is_missing(memory: int, objects: int) -> None:
    assert linked(moving(missing=(3,)), memory=memory).max() == objects
    assert linked(moving(missing=(2, 3)), memory=memory).max() == (2 if memory == 2 else 3)


def test_empty_frames_and_a_video_of_one() -> None:
    array = moving()
    array[3] = 0
    assert linked(array).max() == 4
    assert linked(array[:1]).max() == 2
    assert linked(np.zeros((3, 4, 4), np.uint8)).max() == 0


def test_what_hardly_overlaps_is_not_linked() -> None:
    array = np.zeros((2, 4, 20), np.uint8)
    array[0, :, :10] = 1
    array[1, :, 9:19] = 1
    assert linked(array).max() == 2
    assert linked(array, min_iou=0.05).max() == 1
    apart = np.zeros((2, 4, 20), np.uint8)
    apart[0, :, :5] = apart[1, :, 10:15] = 1
    assert linked(apart, min_iou=0.0).max() == 2
